//! What a proxy's configuration asks, in the query: a model, a page or a RAM action, where, and of which original requests.

use bailey_acs::parameters::{Parameters, Sources};
use bailey_control::{AccessEntity, Resource};
use bailey_domain::directory::Counting;
use http::HeaderMap;

use super::{original, path};

/// The word that takes the workspace from a segment of the original path, counted from 1: `path:1`.
const FROM_PATH: &str = "path:";

/// A question that can be decided.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) model: Option<String>,
    page: Option<String>,
    action: Option<String>,
    workspace: Option<Place>,
    /// Original paths must lie under this one.
    under: Option<String>,
    /// Original methods must be among these.
    methods: Vec<String>,
    pub(super) counting: Counting,
}

#[derive(Debug, PartialEq, Eq)]
enum Place {
    Named(String),
    Segment(usize),
}

impl Question {
    /// Reads a query; anything that does not make exactly one question is refused.
    pub(super) fn read(query: Option<&str>) -> Result<Self, ()> {
        let parameters = Parameters::collect(Sources { query, ..Sources::default() }).map_err(drop)?;
        let text = |name: &str| match parameters.text(name) {
            Ok(Some(text)) if text.is_empty() => Err(()),
            other => other.map_err(drop),
        };
        let (model, page, action) = (text("model")?, text("page")?, text("action")?);
        let workspace = match text("workspace")? {
            None => None,
            Some(text) => Some(match text.strip_prefix(FROM_PATH) {
                None => Place::Named(text),
                Some(number) => Place::Segment(number.parse().ok().filter(|number| *number > 0).ok_or(())?),
            }),
        };
        let under = text("under")?;
        // Compared with a path in its one form, so it must have that form itself.
        if let Some(under) = &under
            && path::normalised(under) != Ok(under.clone())
        {
            return Err(());
        }
        let methods = text("methods")?.map(|list| list.split(',').map(str::to_owned).collect());
        let counting = match parameters.boolean("count").map_err(drop)? {
            Some(true) => Counting::Request,
            _ => Counting::Nothing,
        };
        parameters.finish().map_err(drop)?;
        let asked = [&model, &page, &action].iter().filter(|part| part.is_some()).count();
        if asked != 1 {
            return Err(());
        }
        Ok(Self { model, page, action, workspace, under, methods: methods.unwrap_or_default(), counting })
    }

    /// The workspace that is asked about, once the original request is one that the question is about. `headers` are
    /// those of a trusted proxy.
    pub(super) fn workspace(&self, headers: Option<&HeaderMap>) -> Result<Option<String>, ()> {
        let from_path = matches!(self.workspace, Some(Place::Segment(_)));
        let mut segment = None;
        if self.under.is_some() || from_path {
            let path = path::normalised(&original::uri(headers.ok_or(())?)?)?;
            if let Some(under) = &self.under
                && !path::lies_under(&path, under)
            {
                return Err(());
            }
            if let Some(Place::Segment(number)) = self.workspace {
                let found = path.split('/').nth(number).filter(|segment| !segment.is_empty());
                segment = Some(found.ok_or(())?.to_owned());
            }
        }
        if !self.methods.is_empty() {
            let method = original::method(headers.ok_or(())?)?;
            if !self.methods.contains(&method) {
                return Err(());
            }
        }
        Ok(match &self.workspace {
            Some(Place::Named(name)) => Some(name.clone()),
            _ => segment,
        })
    }

    /// The action as the decision point knows it.
    pub(super) fn action(&self) -> String {
        match (&self.action, &self.page) {
            (Some(action), _) => action.clone(),
            (None, Some(_)) => "page:operate".to_owned(),
            (None, None) => "model:call".to_owned(),
        }
    }

    /// What it would be done on.
    pub(super) fn resource(&self, workspace: Option<&str>) -> Resource {
        let (kind, id) = match (&self.action, &self.page, &self.model) {
            (None, Some(page), _) => ("page", page.as_str()),
            (None, None, Some(model)) => ("model", model.as_str()),
            _ => ("api", "*"),
        };
        Resource {
            entity: AccessEntity { kind: kind.to_owned(), id: id.to_owned() },
            workspace: workspace.map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_asks_exactly_one_thing() {
        for good in [
            "model=qwen-plus",
            "action=sfm:CreateIndex&workspace=llm-1&under=/docs&methods=GET,HEAD",
            "page=prompts&workspace=path:2&count=false",
        ] {
            assert!(Question::read(Some(good)).is_ok(), "{good}");
        }
        for bad in [
            "",
            "model=",
            "model=a&page=b",
            "workspace=llm-1",
            "model=a&model=b",
            "model=a&workspce=b",
            "model=a&workspace=path:0",
            "model=a&under=/a/../b",
            "model=a&count=perhaps",
        ] {
            assert!(Question::read(Some(bad)).is_err(), "{bad}");
        }
        assert!(Question::read(None).is_err());
    }

    #[test]
    fn what_the_proxy_says_counts_only_where_it_is_asked_for() {
        let mut headers = HeaderMap::new();
        headers.insert("x-original-uri", "/llm-1/%69ndex?q=/x".parse().unwrap());
        headers.insert("x-original-method", "GET".parse().unwrap());
        let workspace = |query: &str, headers| Question::read(Some(query)).unwrap().workspace(headers);
        assert_eq!(workspace("model=m", None), Ok(None));
        assert_eq!(workspace("model=m&workspace=llm-2", None), Ok(Some("llm-2".to_owned())));
        assert_eq!(
            workspace("action=a:B&workspace=path:1&under=/llm-1/index&methods=GET", Some(&headers)),
            Ok(Some("llm-1".to_owned()))
        );
        for refused in ["model=m&workspace=path:3", "model=m&under=/llm-2", "model=m&methods=POST"] {
            assert_eq!(workspace(refused, Some(&headers)), Err(()), "{refused}");
            assert_eq!(workspace(refused, None), Err(()), "{refused}");
        }
    }
}
