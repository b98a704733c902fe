//! Embeddings of the demo provider: for each text the same unit vector, always.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::count;
use crate::envelope::Invalid;
use crate::request_ids::mix;
use crate::tokens::Tokens;

/// Texts per call. Keeps an answer below some megabytes.
const MOST_INPUTS: usize = 256;
const MOST_DIMENSIONS: u64 = 2048;
const DIMENSIONS: u64 = 64;

#[derive(Deserialize)]
struct Wire {
    input: Value,
    #[serde(default)]
    dimensions: Value,
    #[serde(default)]
    encoding_format: Value,
}

/// The answer and what it used.
pub(super) fn answer(body: &[u8], model: &str) -> Result<(Vec<u8>, Tokens), Invalid> {
    let wire: Wire = serde_json::from_slice(body)
        .map_err(|error| Invalid::field("input", format_args!("cannot be read: {error}")))?;
    let dimensions = match (&wire.dimensions, wire.dimensions.as_u64()) {
        (Value::Null, _) => DIMENSIONS,
        (_, Some(number)) if (1..=MOST_DIMENSIONS).contains(&number) => number,
        _ => {
            return Err(Invalid::field(
                "dimensions",
                format_args!("must be a whole number from 1 to {MOST_DIMENSIONS}"),
            ));
        }
    };
    let as_base64 = match wire.encoding_format.as_str() {
        None if wire.encoding_format.is_null() => false,
        Some("float") => false,
        Some("base64") => true,
        _ => return Err(Invalid::field("encoding_format", "must be `float` or `base64`")),
    };
    let inputs = inputs(wire.input)?;
    let mut tokens = Tokens::default();
    let mut data = Vec::with_capacity(inputs.len());
    for (index, input) in inputs.iter().enumerate() {
        let vector = match input {
            Input::Text(text) => {
                tokens.input += count(text);
                vector(text.as_bytes(), dimensions)
            }
            Input::Tokens(numbers) => {
                tokens.input += numbers.len() as u64;
                let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
                vector(&bytes, dimensions)
            }
        };
        let embedding = if as_base64 {
            let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
            json!(STANDARD.encode(bytes))
        } else {
            json!(vector)
        };
        data.push(json!({"object": "embedding", "index": index, "embedding": embedding}));
    }
    let usage = json!({"prompt_tokens": tokens.input, "total_tokens": tokens.input});
    let answer = json!({"object": "list", "data": data, "model": model, "usage": usage});
    Ok((answer.to_string().into_bytes(), tokens))
}

enum Input {
    Text(String),
    Tokens(Vec<u64>),
}

/// A text, texts, token numbers, or arrays of those.
fn inputs(input: Value) -> Result<Vec<Input>, Invalid> {
    let wrong = || {
        Invalid::field(
            "input",
            "must be a text, an array of texts, or token numbers; empty ones are not taken",
        )
    };
    let one = |value: Value| match value {
        Value::String(text) if !text.is_empty() => Ok(Input::Text(text)),
        Value::Array(numbers) if !numbers.is_empty() => numbers
            .iter()
            .map(|number| number.as_u64().ok_or_else(wrong))
            .collect::<Result<_, _>>()
            .map(Input::Tokens),
        _ => Err(wrong()),
    };
    match input {
        Value::Array(items) if !items.first().is_some_and(Value::is_number) => {
            if items.len() > MOST_INPUTS {
                return Err(Invalid::field(
                    "input",
                    format_args!("holds {} texts; the demo takes {MOST_INPUTS}", items.len()),
                ));
            }
            items.into_iter().map(one).collect()
        }
        other => Ok(vec![one(other)?]),
    }
}

fn vector(text: &[u8], dimensions: u64) -> Vec<f32> {
    // FNV-1a: any hash does; this one needs no dependency and gives the same on every machine.
    let hash = text.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let numbers: Vec<f64> = (1..=dimensions)
        .map(|place| mix(hash.wrapping_add(mix(place))) as f64 / u64::MAX as f64 * 2.0 - 1.0)
        .collect();
    let length = numbers.iter().map(|number| number * number).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    #[expect(clippy::cast_possible_truncation, reason = "between -1 and 1; only precision is lost")]
    numbers.iter().map(|number| (number / length) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(body: &Value) -> Result<(Value, Tokens), Invalid> {
        let (bytes, tokens) = answer(body.to_string().as_bytes(), "m")?;
        Ok((serde_json::from_slice(&bytes).unwrap(), tokens))
    }

    #[test]
    fn vectors_are_unit_long_and_repeat() {
        let (float, tokens) = answered(&json!({"input": ["one two", "three"], "dimensions": 7})).unwrap();
        assert_eq!(tokens, Tokens { input: 4, output: 0 });
        let vectors: Vec<Vec<f32>> = float["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| serde_json::from_value(item["embedding"].clone()).unwrap())
            .collect();
        assert_eq!(vectors.len(), 2);
        assert_ne!(vectors[0], vectors[1]);
        for vector in &vectors {
            assert_eq!(vector.len(), 7);
            let length: f32 = vector.iter().map(|number| number * number).sum();
            assert!((length - 1.0).abs() < 1e-5, "{length}");
        }
        let (coded, _) =
            answered(&json!({"input": "three", "dimensions": 7, "encoding_format": "base64"})).unwrap();
        let bytes = STANDARD.decode(coded["data"][0]["embedding"].as_str().unwrap()).unwrap();
        let numbers: Vec<f32> =
            bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
        assert_eq!(numbers, vectors[1]);
    }

    #[test]
    fn token_numbers_are_texts_too() {
        let (one, tokens) = answered(&json!({"input": [1, 2, 3]})).unwrap();
        assert_eq!((one["data"].as_array().unwrap().len(), tokens.input), (1, 3));
        let (two, _) = answered(&json!({"input": [[1, 2, 3], [4]]})).unwrap();
        assert_eq!(two["data"][0], one["data"][0]);
        assert_eq!(two["data"][1]["embedding"].as_array().unwrap().len(), 64);
    }

    #[test]
    fn what_cannot_be_embedded_is_refused_by_name() {
        for (body, param) in [
            (json!({"input": ["a", ""]}), "input"),
            (json!({"input": [1, "a"]}), "input"),
            (json!({"input": [[]]}), "input"),
            (json!({"input": [-1]}), "input"),
            (json!({"input": vec!["a"; 257]}), "input"),
            (json!({"input": "a", "dimensions": 0}), "dimensions"),
            (json!({"input": "a", "dimensions": 2049}), "dimensions"),
            (json!({"input": "a", "dimensions": 1.5}), "dimensions"),
            (json!({"input": "a", "encoding_format": "hex"}), "encoding_format"),
            (json!({"input": "a", "encoding_format": 1}), "encoding_format"),
        ] {
            assert_eq!(answered(&body).unwrap_err().param, Some(param), "{body}");
        }
    }
}
