//! Tags of RAM roles and custom policies.

use bailey_control::TagQuestion;
use bailey_domain::Error;
use bailey_domain::tag::{Tag, TagFilter, TagKey, TagValue, Taggable, Tagged};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::routes::{Answer, Call};

/// Tags as lists of roles and policies show them.
pub(crate) fn shown(tags: &[Tag]) -> Value {
    let tags: Vec<_> = tags.iter().map(|tag| json!({ "TagKey": tag.key, "TagValue": tag.value })).collect();
    json!({ "Tag": tags })
}

impl Call<'_> {
    /// Tags that are to be put on something; none where they are left out.
    pub(crate) fn tags(&self) -> Result<Vec<Tag>, Failure> {
        let mut tags = Vec::new();
        for tag in self.parameters.objects("Tag")?.unwrap_or_default() {
            tags.push(Tag::parse(&tag.required_text("Key")?, &tag.text("Value")?.unwrap_or_default())?);
        }
        Ok(tags)
    }

    /// Tags that are looked for.
    pub(crate) fn tag_filters(&self) -> Result<Vec<TagFilter>, Failure> {
        let mut filters = Vec::new();
        for tag in self.parameters.objects("Tag")?.unwrap_or_default() {
            let value = tag.text("Value")?.map(|value| TagValue::parse(&value)).transpose()?;
            filters.push(TagFilter { key: TagKey::parse(&tag.required_text("Key")?)?, value });
        }
        Ok(filters)
    }

    fn taggable(&self) -> Result<Taggable, Failure> {
        Ok(Taggable::parse(&self.parameters.required_text("ResourceType")?)?)
    }

    /// A list that Terraform sends twice, as `TagKeys` in JSON and as `TagKey.1`. They have to say the same: a reader of one
    /// of them only would do something else.
    fn twofold(&self, plural: &str, singular: &str) -> Result<Option<Vec<String>>, Failure> {
        match (self.parameters.texts(plural)?, self.parameters.texts(singular)?) {
            (Some(json), Some(flat)) if json != flat => Err(self
                .parameters
                .invalid(singular, format!("must say the same as `{plural}`; send one of them"))
                .into()),
            (json, flat) => Ok(json.or(flat)),
        }
    }

    fn tagged(&self, kind: Taggable) -> Result<Option<Vec<Tagged>>, Failure> {
        let names = self.twofold("ResourceNames", "ResourceName")?;
        Ok(names.map(|names| Tagged::parse_all(kind, &names)).transpose()?)
    }

    fn required_tagged(&self, kind: Taggable) -> Result<Vec<Tagged>, Failure> {
        Ok(self.tagged(kind)?.ok_or_else(|| self.parameters.missing("ResourceNames"))?)
    }
}

pub(crate) async fn tag_resources(call: &Call<'_>) -> Answer {
    let of = call.required_tagged(call.taggable()?)?;
    let tags = call.tags()?;
    if tags.is_empty() {
        return Err(call.parameters.missing("Tag").into());
    }
    call.finish()?;
    call.api.control().tag_resources(call.caller, &of, &tags).await?;
    Ok(json!({}))
}

pub(crate) async fn untag_resources(call: &Call<'_>) -> Answer {
    let of = call.required_tagged(call.taggable()?)?;
    let all = call.parameters.boolean("All")?.unwrap_or(false);
    let keys = call.twofold("TagKeys", "TagKey")?.unwrap_or_default();
    if keys.is_empty() && !all {
        return Err(call.parameters.missing("TagKeys").into());
    }
    if all && !keys.is_empty() {
        return Err(call.parameters.invalid("All", "must be false where `TagKeys` says which").into());
    }
    let keys = keys.iter().map(|key| TagKey::parse(key)).collect::<Result<Vec<_>, Error>>()?;
    call.finish()?;
    let keys = if all { None } else { Some(keys.as_slice()) };
    call.api.control().untag_resources(call.caller, &of, keys).await?;
    Ok(json!({}))
}

pub(crate) async fn list_tag_resources(call: &Call<'_>) -> Answer {
    let kind = call.taggable()?;
    let question = TagQuestion { kind, of: call.tagged(kind)?, wanted: call.tag_filters()? };
    let cursor = call.tags_cursor()?;
    call.finish()?;
    let page = call.api.control().list_tag_resources(call.caller, &question, &cursor).await?;
    let rows: Vec<_> = page
        .rows
        .iter()
        .map(|row| {
            json!({
                "ResourceType": kind.name(), "ResourceName": row.name,
                "TagKey": row.tag.key, "TagValue": row.tag.value,
            })
        })
        .collect();
    let mut answer = json!({ "TagResources": rows });
    if let Some(token) = call.token(&page) {
        answer["NextToken"] = json!(token);
    }
    Ok(answer)
}
