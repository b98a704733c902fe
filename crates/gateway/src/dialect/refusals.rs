//! What is refused, by the client's own name of the field, and what passes although it looks alike.

use bailey_domain::model::{Capability, Dialect};
use serde_json::{Value, json};

use super::{Client, Upstream, request};

#[derive(Clone, Copy, Debug)]
enum Who {
    OpenAi,
    Responses,
    DashScope,
    Anthropic,
}

/// The smallest request of a client, with more fields.
fn body(client: Who, more: &Value) -> Vec<u8> {
    let said = json!([{"role": "user", "content": "x"}]);
    let mut body = match client {
        Who::OpenAi => json!({"model": "m", "messages": said}),
        Who::Responses => json!({"model": "m", "input": "x"}),
        Who::DashScope => json!({"model": "m", "input": {"messages": said}, "parameters": {}}),
        Who::Anthropic => json!({"model": "m", "max_tokens": 9, "messages": said}),
    };
    for (name, value) in more.as_object().unwrap() {
        match client {
            Who::DashScope if name != "input" => body["parameters"][name] = value.clone(),
            _ => body[name] = value.clone(),
        }
    }
    body.to_string().into_bytes()
}

/// The field that a request is refused for.
fn refused(client: Who, to: Dialect, more: &Value) -> Option<&'static str> {
    let body = body(client, more);
    let speaks = match client {
        Who::OpenAi => Client::OpenAi,
        Who::Responses => Client::responses(&body),
        Who::DashScope => Client::dash_scope(&body, false, false),
        Who::Anthropic => Client::Anthropic,
    };
    let upstream = Upstream { dialect: to, model: "m", max_output_tokens: None };
    match request(&speaks, Capability::Chat, &body, &upstream) {
        Ok(_) => None,
        Err(invalid) => {
            let param = invalid.param.expect("a field");
            assert!(invalid.message.starts_with(&format!("`{param}` ")), "{}", invalid.message);
            Some(param)
        }
    }
}

fn part(part: &Value) -> Value {
    json!({"messages": [{"role": "user", "content": [part]}]})
}

#[test]
fn what_the_other_side_cannot_say_is_refused_by_name() {
    use Who::{DashScope, OpenAi, Responses};
    let object = json!({"response_format": {"type": "json_object"}});
    for (client, more, param) in [
        (OpenAi, json!({"n": 2}), Some("n")),
        (OpenAi, json!({"n": 1}), None),
        (OpenAi, json!({"logprobs": true}), Some("logprobs")),
        (OpenAi, json!({"logprobs": false, "top_logprobs": 0}), None),
        (DashScope, json!({"top_logprobs": 3}), Some("top_logprobs")),
        (OpenAi, object.clone(), Some("response_format")),
        (DashScope, object, Some("response_format")),
        (Responses, json!({"text": {"format": {"type": "json_object"}}}), Some("text")),
        (Responses, json!({"text": {"format": {"type": "text"}, "verbosity": "low"}}), None),
        (DashScope, json!({"enable_search": true}), Some("enable_search")),
        (DashScope, json!({"enable_search": false}), None),
        (
            OpenAi,
            part(&json!({"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}})),
            Some("messages"),
        ),
        (
            DashScope,
            json!({"input": {"messages": [{"role": "user", "content": [{"video": "https://x/v.mp4"}]}]}}),
            Some("messages"),
        ),
        // Hints.
        (
            OpenAi,
            json!({"seed": -4, "presence_penalty": 1, "frequency_penalty": 1, "logit_bias": {"5": 1}, "service_tier": "auto", "invented": [1]}),
            None,
        ),
    ] {
        assert_eq!(refused(client, Dialect::Anthropic, &more), param, "{client:?} {more}");
    }
}

#[test]
fn what_no_other_dialect_can_say_is_refused_by_name() {
    use Who::{Anthropic, OpenAi, Responses};
    for (client, more, param) in [
        (OpenAi, json!({"functions": []}), Some("functions")),
        (OpenAi, json!({"function_call": "auto"}), Some("function_call")),
        (OpenAi, json!({"audio": {"voice": "x"}}), Some("audio")),
        (OpenAi, json!({"functions": null}), None),
        (OpenAi, json!({"tools": [{"type": "custom", "custom": {"name": "x"}}]}), Some("tools")),
        (OpenAi, part(&json!({"type": "file", "file": {"file_id": "f"}})), Some("messages")),
        (Responses, json!({"previous_response_id": "resp_1"}), Some("previous_response_id")),
        (Responses, json!({"conversation": "c"}), Some("conversation")),
        (Responses, json!({"prompt": {"id": "p"}}), Some("prompt")),
        (Responses, json!({"store": true}), Some("store")),
        (
            Responses,
            json!({"store": false, "background": false, "include": ["reasoning.encrypted_content"]}),
            None,
        ),
        (Responses, json!({"background": true}), Some("background")),
        (Responses, json!({"include": ["file_search_call.results"]}), Some("include")),
        (Responses, json!({"tools": [{"type": "web_search"}]}), Some("tools")),
        (Responses, json!({"tool_choice": {"type": "web_search"}}), Some("tool_choice")),
        (Responses, json!({"input": [{"type": "item_reference", "id": "x"}]}), Some("input")),
        (
            Responses,
            json!({"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]}),
            Some("input"),
        ),
        (Responses, json!({"input": []}), Some("input")),
        (Anthropic, json!({"container": "c"}), Some("container")),
        (Anthropic, json!({"mcp_servers": []}), Some("mcp_servers")),
        (Anthropic, json!({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}), Some("tools")),
        (
            Anthropic,
            part(&json!({"type": "image", "source": {"type": "file", "file_id": "f"}})),
            Some("messages"),
        ),
        (Anthropic, part(&json!({"type": "search_result"})), Some("messages")),
    ] {
        assert_eq!(refused(client, Dialect::DashScope, &more), param, "{client:?} {more}");
    }
}

#[test]
fn what_is_wrong_is_refused_by_name() {
    use Who::{Anthropic, DashScope, OpenAi, Responses};
    for (client, more, param) in [
        (OpenAi, json!({"messages": "x"}), "messages"),
        (OpenAi, json!({"messages": []}), "messages"),
        (OpenAi, json!({"messages": [{"role": "judge", "content": "x"}]}), "messages"),
        (OpenAi, json!({"messages": [{"role": "user", "content": 7}]}), "messages"),
        (OpenAi, part(&json!({"type": "smell"})), "messages"),
        (OpenAi, json!({"temperature": "hot"}), "temperature"),
        (OpenAi, json!({"max_tokens": -1}), "max_tokens"),
        (OpenAi, json!({"max_completion_tokens": 1.5}), "max_completion_tokens"),
        (OpenAi, json!({"stop": [7]}), "stop"),
        (OpenAi, json!({"tool_choice": "sometimes"}), "tool_choice"),
        (OpenAi, json!({"tools": [{"type": "function"}]}), "tools"),
        (OpenAi, json!({"response_format": {"type": "yaml"}}), "response_format"),
        (OpenAi, json!({"response_format": {"type": "json_schema"}}), "response_format"),
        (OpenAi, json!({"stream": 1}), "stream"),
        (Responses, json!({"input": 7}), "input"),
        (Responses, json!({"reasoning": 7}), "reasoning"),
        (Responses, json!({"max_output_tokens": "9"}), "max_output_tokens"),
        (DashScope, json!({"input": "x"}), "input"),
        (DashScope, json!({"input": {}}), "messages"),
        (DashScope, json!({"input": {"prompt": 7}}), "prompt"),
        (DashScope, json!({"input": {"messages": [{"role": "tool", "content": "x"}]}}), "messages"),
        (DashScope, json!({"result_format": "xml"}), "result_format"),
        (DashScope, json!({"incremental_output": "yes"}), "incremental_output"),
        (DashScope, json!({"thinking_budget": []}), "thinking_budget"),
        (Anthropic, json!({"messages": [{"role": "user"}]}), "messages"),
        (Anthropic, json!({"system": 7}), "system"),
        (Anthropic, json!({"stop_sequences": "x"}), "stop_sequences"),
        (Anthropic, json!({"thinking": {"type": "deep"}}), "thinking"),
        (Anthropic, json!({"tool_choice": {"type": "tool"}}), "tool_choice"),
        (Anthropic, json!({"metadata": {"user_id": 7}}), "metadata"),
        (Anthropic, json!({"output_config": {"format": {"type": "xml"}}}), "output_config"),
    ] {
        for to in [Dialect::OpenAi, Dialect::DashScope, Dialect::Anthropic] {
            assert_eq!(refused(client, to, &more), Some(param), "{client:?} {more}");
        }
    }
}
