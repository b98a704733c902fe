//! Embeddings of texts, between OpenAI and DashScope. Anthropic has none; those of pictures and videos are DashScope's alone,
//! as are its rankings, and pass as they are.

use bailey_domain::model::Dialect;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use super::json::{self, Fields, Json, Number, Object, Wrong};
use super::reply::Usage;
use super::{Client, Facts, field};
use crate::envelope::Invalid;

/// Most texts of a request. Providers take far fewer.
const MOST: usize = 2048;

/// A request, whoever's.
struct Texts<'a> {
    texts: Vec<&'a RawValue>,
    dimensions: Option<Number<'a>>,
    user: Option<&'a RawValue>,
}

/// Whether a client of OpenAI wants its vectors in base64, which its Python client does.
pub(super) fn wants_base64(fields: &Fields<'_>) -> bool {
    fields.text("encoding_format").is_ok_and(|format| format.as_deref() == Some("base64"))
}

/// Turns a request into one of the other dialect.
pub(super) fn request(
    client: &Client,
    fields: &Fields<'_>,
    to: Dialect,
    model: &str,
) -> Result<Vec<u8>, Invalid> {
    let texts = match client {
        Client::DashScope(_) => read_dash_scope(fields)?,
        Client::OpenAi | Client::Responses(_) | Client::Anthropic => read_openai(fields)?,
    };
    let list: Vec<Json<'_>> = texts.texts.into_iter().map(Into::into).collect();
    match to {
        Dialect::OpenAi | Dialect::Demo => {
            let body = Object::new()
                .with("model", model)
                .with("input", list)
                .with_some("dimensions", texts.dimensions)
                .with("encoding_format", "float")
                .with_some("user", texts.user);
            Ok(body.bytes())
        }
        Dialect::DashScope => {
            let parameters = Object::new().with_some("dimension", texts.dimensions);
            let body = Object::new()
                .with("model", model)
                .with("input", Object::new().with("texts", list))
                .with("parameters", parameters);
            Ok(body.bytes())
        }
        Dialect::Anthropic => {
            Err(Invalid::field("model", "is served by a provider whose dialect has no embeddings"))
        }
    }
}

fn read_openai<'a>(fields: &Fields<'a>) -> Result<Texts<'a>, Invalid> {
    let format = field("encoding_format", fields.text("encoding_format"))?;
    if format.is_some_and(|format| format != "float" && format != "base64") {
        return Err(Invalid::field("encoding_format", "must be `float` or `base64`"));
    }
    let raw =
        fields.raw("input").ok_or_else(|| Invalid::field("input", "is missing; send a text or texts"))?;
    let texts = if json::text(raw).is_some() { Some(vec![raw]) } else { json::list(raw) };
    Ok(Texts {
        texts: only_texts("input", texts)?,
        dimensions: field("dimensions", fields.number("dimensions"))?,
        user: fields.raw("user"),
    })
}

fn read_dash_scope<'a>(fields: &Fields<'a>) -> Result<Texts<'a>, Invalid> {
    let input = field("input", fields.object("input"))?;
    let input = input.ok_or_else(|| Invalid::field("input", "is missing; send `texts` in it"))?;
    let parameters = field("parameters", fields.object("parameters"))?;
    let none = Fields::read("{}").expect("this is an object");
    let parameters = parameters.unwrap_or(none);
    // What makes other vectors than asked for is refused. A type of text is a hint that other models do without.
    if field("output_type", parameters.text("output_type"))?.is_some_and(|kind| kind != "dense") {
        return Err(Invalid::field("output_type", "must be `dense` with the model's provider"));
    }
    if parameters.raw("instruct").is_some() {
        return Err(Invalid::field("instruct", "cannot be passed on to the model's provider; leave it out"));
    }
    Ok(Texts {
        texts: only_texts("texts", input.raw("texts").and_then(json::list))?,
        dimensions: field("dimension", parameters.number("dimension"))?,
        user: None,
    })
}

fn only_texts<'a>(
    name: &'static str,
    texts: Option<Vec<&'a RawValue>>,
) -> Result<Vec<&'a RawValue>, Invalid> {
    let texts = texts.filter(|texts| texts.iter().all(|raw| json::text(raw).is_some()));
    match texts {
        None => Err(Invalid::field(name, "must be texts: the model's provider takes no token numbers")),
        Some(texts) if texts.is_empty() => Err(Invalid::field(name, "is empty; send at least one text")),
        Some(texts) if texts.len() > MOST => {
            Err(Invalid::field(name, format_args!("holds {} texts; at most {MOST} are taken", texts.len())))
        }
        Some(texts) => Ok(texts),
    }
}

/// Turns an answer into the client's.
pub(super) fn answer(
    from: Dialect,
    client: &Client,
    fields: &Fields<'_>,
    facts: &Facts<'_>,
) -> Result<(Vec<u8>, Usage), Wrong> {
    let output = fields.object("output")?;
    let (list, index_name) = match (from, &output) {
        (Dialect::DashScope, Some(output)) => (output.objects("embeddings")?, "text_index"),
        (Dialect::DashScope, None) => return Err(Wrong::new("output", "is missing")),
        _ => (fields.objects("data")?, "index"),
    };
    let usage = fields.object("usage")?;
    let told = |name: &str| usage.as_ref().and_then(|usage| Usage::counted(usage, name));
    let input = told("prompt_tokens").or(told("input_tokens")).or(told("total_tokens")).unwrap_or(0);
    let vectors = list.iter().enumerate().map(|(place, one)| {
        let index = one.whole(index_name)?.unwrap_or(place as u64);
        let vector = one.raw("embedding").filter(|raw| raw.get().starts_with('['));
        Ok((index, vector.ok_or_else(|| Wrong::new("embedding", "must be an array of numbers"))?))
    });
    let vectors = vectors.collect::<Result<Vec<_>, Wrong>>()?;
    let written = match client {
        Client::DashScope(_) => dash_scope(vectors, input, facts),
        Client::OpenAi | Client::Responses(_) | Client::Anthropic => openai(vectors, input, facts)?,
    };
    Ok((written, Usage { input, ..Usage::default() }))
}

fn openai(vectors: Vec<(u64, &RawValue)>, input: u64, facts: &Facts<'_>) -> Result<Vec<u8>, Wrong> {
    let mut data = Vec::with_capacity(vectors.len());
    for (index, vector) in vectors {
        let vector = if facts.is_base64 { encoded(vector)?.into() } else { Json::Raw(vector) };
        let one = Object::new().with("object", "embedding").with("index", index).with("embedding", vector);
        data.push(one.into());
    }
    let usage = Object::new().with("prompt_tokens", input).with("total_tokens", input);
    Ok(Object::new()
        .with("object", "list")
        .with("data", Json::List(data))
        .with("model", facts.model)
        .with("usage", usage)
        .bytes())
}

fn dash_scope(vectors: Vec<(u64, &RawValue)>, input: u64, facts: &Facts<'_>) -> Vec<u8> {
    let list = vectors
        .into_iter()
        .map(|(index, vector)| Object::new().with("text_index", index).with("embedding", vector).into());
    Object::new()
        .with("output", Object::new().with("embeddings", Json::List(list.collect())))
        .with("usage", Object::new().with("total_tokens", input))
        .with("request_id", facts.request_id)
        .bytes()
}

/// Numbers of 32 bits, the lowest byte first.
fn encoded(vector: &RawValue) -> Result<String, Wrong> {
    let numbers: Vec<f32> = serde_json::from_str(vector.get())
        .map_err(|_| Wrong::new("embedding", "must be an array of numbers"))?;
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    Ok(STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use bailey_domain::model::Capability;

    use super::super::{Upstream, answer as converted_answer, request as converted_request};
    use super::*;
    use crate::paths::Operation;

    const FACTS: Facts<'_> =
        Facts { request_id: "r", created: 1, model: "m", tells_usage: false, is_base64: false };

    fn asked(client: &Client, to: Dialect, body: &str) -> Result<String, Invalid> {
        let upstream = Upstream { dialect: to, model: "their", max_output_tokens: None };
        let sent = converted_request(client, Capability::Embedding, body.as_bytes(), &upstream)?;
        assert_eq!(sent.operation, Operation::Embedding);
        Ok(String::from_utf8(sent.body.to_vec()).unwrap())
    }

    fn answered(from: Dialect, client: &Client, body: &str, facts: &Facts<'_>) -> (String, u64) {
        let (body, tokens) =
            converted_answer(from, client, Capability::Embedding, body.as_bytes(), facts).unwrap();
        assert_eq!(tokens.output, 0);
        (String::from_utf8(body.to_vec()).unwrap(), tokens.input)
    }

    fn dash_scope() -> Client {
        Client::dash_scope(b"{}", false, false)
    }

    #[test]
    fn openai_to_dashscope_and_back() {
        let body = r#"{"model":"m","input":"a\u00e9","dimensions":64,"encoding_format":"base64","user":"u"}"#;
        assert_eq!(
            asked(&Client::OpenAi, Dialect::DashScope, body).unwrap(),
            r#"{"model":"their","input":{"texts":["a\u00e9"]},"parameters":{"dimension":64}}"#
        );
        assert!(super::super::wants_base64(body.as_bytes()));
        assert!(!super::super::wants_base64(b"{}"));
        let said = r#"{"output":{"embeddings":[{"text_index":0,"embedding":[1.0,-2.50]}]},"usage":{"total_tokens":3},"request_id":"u"}"#;
        assert_eq!(
            answered(Dialect::DashScope, &Client::OpenAi, said, &FACTS),
            (
                r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1.0,-2.50]}],"model":"m","usage":{"prompt_tokens":3,"total_tokens":3}}"#.to_owned(),
                3
            )
        );
        let (encoded, _) =
            answered(Dialect::DashScope, &Client::OpenAi, said, &Facts { is_base64: true, ..FACTS });
        assert!(encoded.contains(r#""embedding":"AACAPwAAIMA=""#), "{encoded}");
    }

    #[test]
    fn dashscope_to_openai_and_back() {
        let body = r#"{"model":"m","input":{"texts":["a","b"]},"parameters":{"dimension":8,"text_type":"query","output_type":"dense"}}"#;
        assert_eq!(
            asked(&dash_scope(), Dialect::OpenAi, body).unwrap(),
            r#"{"model":"their","input":["a","b"],"dimensions":8,"encoding_format":"float"}"#
        );
        let said = r#"{"object":"list","data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1]}],"usage":{"prompt_tokens":4,"total_tokens":4}}"#;
        assert_eq!(
            answered(Dialect::OpenAi, &dash_scope(), said, &FACTS),
            (
                r#"{"output":{"embeddings":[{"text_index":1,"embedding":[2]},{"text_index":0,"embedding":[1]}]},"usage":{"total_tokens":4},"request_id":"r"}"#.to_owned(),
                4
            )
        );
    }

    #[test]
    fn what_cannot_be_said_is_refused_by_name() {
        for (client, to, body, param) in [
            (Client::OpenAi, Dialect::DashScope, r#"{"input":[1,2]}"#, "input"),
            (Client::OpenAi, Dialect::DashScope, r#"{"input":[]}"#, "input"),
            (Client::OpenAi, Dialect::DashScope, r"{}", "input"),
            (Client::OpenAi, Dialect::DashScope, r#"{"input":"a","dimensions":"x"}"#, "dimensions"),
            (
                Client::OpenAi,
                Dialect::DashScope,
                r#"{"input":"a","encoding_format":"int8"}"#,
                "encoding_format",
            ),
            (Client::OpenAi, Dialect::Anthropic, r#"{"input":"a"}"#, "model"),
            (dash_scope(), Dialect::OpenAi, r#"{"input":{"texts":"a"}}"#, "texts"),
            (dash_scope(), Dialect::OpenAi, r#"{"input":["a"]}"#, "input"),
            (
                dash_scope(),
                Dialect::OpenAi,
                r#"{"input":{"texts":["a"]},"parameters":{"output_type":"sparse"}}"#,
                "output_type",
            ),
            (
                dash_scope(),
                Dialect::OpenAi,
                r#"{"input":{"texts":["a"]},"parameters":{"instruct":"x"}}"#,
                "instruct",
            ),
        ] {
            assert_eq!(asked(&client, to, body).unwrap_err().param, Some(param), "{body}");
        }
        for unreadable in [r"{}", r#"{"output":{"embeddings":[{"embedding":"x"}]}}"#, r#"{"output":7}"#] {
            let client = Client::OpenAi;
            let read = converted_answer(
                Dialect::DashScope,
                &client,
                Capability::Embedding,
                unreadable.as_bytes(),
                &FACTS,
            );
            assert!(read.is_err(), "{unreadable}");
        }
    }
}
