//! The three wire formats: what passes between a client and an upstream that speak the same, and that every error has the
//! shape of the surface that was called.

use bailey_domain::Change;
use bailey_domain::change::LimitLevel;
use bailey_domain::model::{Capability, Dialect};
use bailey_testkit::Answer;
use serde_json::{Value, json};

use super::client::{self, Call};
use super::world::{UPSTREAM_SECRET, World};

const KEY: &str = "sk-surfaces";
const NATIVE_CHAT: &str = "/api/v1/services/aigc/text-generation/generation";
const MESSAGES: &str = "/apps/anthropic/v1/messages";

/// The first upstream speaks Model Studio's own format, the second Anthropic's.
fn world() -> World {
    let world = World::start();
    world.key(KEY);
    let (native, anthropic) = (world.first.base_url(), world.second.base_url());
    world.apply(vec![
        world.provider("native", Dialect::DashScope, &native, true),
        world.provider("anthropic", Dialect::Anthropic, anthropic.trim_end_matches("/v1"), true),
        world.model("native", Capability::Chat, &[("native", "qwen-real")]),
        world.model("native-embedding", Capability::Embedding, &[("native", "vectors")]),
        world.model("native-images", Capability::MultimodalEmbedding, &[("native", "images")]),
        world.model("native-rerank", Capability::Rerank, &[("native", "order")]),
        world.model("claude", Capability::Chat, &[("anthropic", "claude-real")]),
    ]);
    let granted = ["native", "native-embedding", "native-images", "native-rerank", "claude"];
    world.apply(granted.iter().map(|name| world.grant(name, true)).collect());
    world
}

fn ok(body: &Value) -> Answer {
    Answer::Status { status: 200, headers: Vec::new(), body: body.clone() }
}

fn native_chat() -> Value {
    json!({"model": "native", "input": {"messages": [{"role": "user", "content": "hi"}]}, "parameters": {"result_format": "message", "top_k": 4}})
}

fn message() -> Value {
    json!({"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "metadata": {"user_id": "u"}})
}

#[tokio::test]
async fn a_native_call_passes_with_every_byte() {
    let world = world();
    let said = json!({"output": {"choices": [{"message": {"role": "assistant", "content": "ho"}, "finish_reason": "stop"}]}, "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}, "request_id": "theirs"});
    world.first.answer_next(ok(&said));
    let call = world
        .post(NATIVE_CHAT, KEY, &native_chat())
        .with("x-dashscope-datainspection", "enable")
        .with("x-dashscope-workspace", &world.workspace.to_string());
    let answer = call.send(world.address).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, said));
    let seen = &world.first.requests()[0];
    assert_eq!(seen.target, "/v1/services/aigc/text-generation/generation");
    assert_eq!(seen.body, native_chat().to_string().replace(r#""model":"native""#, r#""model":"qwen-real""#));
    assert_eq!(seen.header("authorization"), Some(format!("Bearer {UPSTREAM_SECRET}").as_str()));
    assert_eq!(seen.header("x-dashscope-datainspection"), Some("enable"));
    assert_eq!(seen.header("x-dashscope-sse"), None);
    assert_eq!(seen.header("x-dashscope-workspace"), None, "the workspace is this gateway's own");
    let usage = world.usage().await;
    assert_eq!((usage.input_tokens, usage.output_tokens, usage.status), (3, 4, 200));
}

#[tokio::test]
async fn every_native_operation_has_its_path() {
    let world = world();
    for (path, model, input) in [
        ("services/embeddings/text-embedding/text-embedding", "native-embedding", json!({"texts": ["a"]})),
        (
            "services/embeddings/multimodal-embedding/multimodal-embedding",
            "native-images",
            json!({"contents": [{"image": "https://example.com/a.png"}]}),
        ),
        (
            "services/rerank/text-rerank/text-rerank",
            "native-rerank",
            json!({"query": "q", "documents": ["d"]}),
        ),
        (
            "services/aigc/multimodal-generation/generation",
            "native",
            json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]}),
        ),
    ] {
        world.first.answer_next(ok(&json!({"output": {}, "usage": {"total_tokens": 5}})));
        let body = json!({"model": model, "input": input});
        let answer = world.post(&format!("/api/v1/{path}"), KEY, &body).send(world.address).await;
        assert_eq!(answer.status, 200, "{path}: {:?}", answer.json());
        assert_eq!(world.first.requests().last().unwrap().path(), format!("/v1/{path}"));
        let usage = world.usage().await;
        assert_eq!(usage.input_tokens + usage.output_tokens, 5);
    }
    // An embedding model is none for a conversation.
    let body = json!({"model": "native-embedding", "input": {"prompt": "hi"}});
    let answer = world.post(NATIVE_CHAT, KEY, &body).send(world.address).await;
    assert_eq!(native_error(&answer), (404, "ModelNotFound".to_owned()));
}

#[tokio::test]
async fn a_native_stream_passes_as_it_comes() {
    let world = world();
    let held = world.first.hold_next();
    let call = world.post(NATIVE_CHAT, KEY, &native_chat()).with("x-dashscope-sse", "enable");
    let mut stream = call.stream(world.address).await;
    let seen = &world.first.requests()[0];
    assert_eq!(
        (seen.header("x-dashscope-sse"), seen.header("accept")),
        (Some("enable"), Some("text/event-stream"))
    );
    let mut passed = String::new();
    for (place, said) in ["a", "b"].iter().enumerate() {
        let event = format!(
            "id:{place}\nevent:result\n:HTTP_STATUS/200\ndata:{{\"output\":{{\"text\":\"{said}\"}},\"usage\":{{\"input_tokens\":2,\"output_tokens\":{place}}},\"request_id\":\"r\"}}\n\n"
        );
        held.send_raw(event.clone());
        assert_eq!(stream.next().await.unwrap().unwrap(), event);
        passed += &event;
    }
    held.cut();
    let end = stream.rest().await;
    let head = "event:error\nstatus:503\n:HTTP_STATUS/503\ndata:{\"code\":\"ModelUnavailable\",";
    assert!(end.starts_with(head) && end.ends_with("\n\n"), "{end}");
    world.refused().await;
    let usage = world.usage().await;
    assert_eq!((usage.input_tokens, usage.output_tokens), (2, 1), "{passed}");
}

#[tokio::test]
async fn a_message_passes_with_every_byte() {
    let world = world();
    let said = json!({"id": "msg_1", "type": "message", "role": "assistant", "content": [{"type": "text", "text": "ho"}], "usage": {"input_tokens": 5, "output_tokens": 6}});
    for path in [MESSAGES, "/v1/messages"] {
        world.second.answer_next(ok(&said));
        let call = Call::post(path, message().to_string())
            .with("x-api-key", KEY)
            .with("anthropic-version", "2024-01-01")
            .with("anthropic-beta", "something");
        let answer = call.send(world.address).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, said.clone()));
        assert_eq!(answer.header("request-id"), answer.header("x-request-id"));
        let requests = world.second.requests();
        let seen = requests.last().unwrap();
        assert_eq!(seen.target, "/v1/messages");
        assert_eq!(seen.json()["model"], "claude-real");
        assert_eq!(seen.json()["metadata"], json!({"user_id": "u"}));
        assert_eq!(seen.header("x-api-key"), Some(UPSTREAM_SECRET));
        assert_eq!(seen.header("authorization"), None);
        assert_eq!(seen.header("anthropic-version"), Some("2024-01-01"));
        assert_eq!(seen.header("anthropic-beta"), Some("something"));
        let usage = world.usage().await;
        assert_eq!((usage.input_tokens, usage.output_tokens), (5, 6));
    }
    world.second.answer_next(ok(&said));
    world.post(MESSAGES, KEY, &message()).send(world.address).await;
    assert_eq!(world.second.requests().last().unwrap().header("anthropic-version"), Some("2023-06-01"));
}

#[tokio::test]
async fn a_stream_of_messages_is_cut_in_its_own_words() {
    let world = world();
    let held = world.second.hold_next();
    let mut body = message();
    body["stream"] = json!(true);
    let mut stream = world.post(MESSAGES, KEY, &body).stream(world.address).await;
    let start = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":11,\"output_tokens\":1}}}\n\n";
    held.send_raw(start);
    assert_eq!(stream.next().await.unwrap().unwrap(), start);
    let delta =
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":7}}\n\n";
    held.send_raw(delta);
    assert_eq!(stream.next().await.unwrap().unwrap(), delta);
    world.apply(vec![Change::MemberGone { workspace: world.workspace, user: world.alice }]);
    let end = stream.rest().await;
    let head = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",";
    assert!(end.starts_with(head), "{end}");
    world.refused().await;
    let usage = world.usage().await;
    assert_eq!((usage.input_tokens, usage.output_tokens, usage.cut), (11, 7, true));
}

/// The status and code of a native error, after checking its shape.
fn native_error(answer: &client::Answer) -> (u16, String) {
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 3, "{body}");
    assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
    assert_eq!(body["request_id"].as_str(), answer.header("x-request-id"));
    (answer.status.as_u16(), body["code"].as_str().unwrap().to_owned())
}

/// The status and type of an error in Anthropic's shape, after checking it.
fn anthropic_error(answer: &client::Answer) -> (u16, String) {
    let body = answer.json();
    assert_eq!(body["type"], "error", "{body}");
    assert_eq!(body["error"].as_object().unwrap().len(), 2, "{body}");
    assert_eq!(body["request_id"].as_str(), answer.header("request-id"));
    (answer.status.as_u16(), body["error"]["type"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn every_refusal_has_the_shape_of_its_surface() {
    let world = world();
    world.limit(LimitLevel::Workspace(world.workspace), "claude", Some(0), None);
    world.limit(LimitLevel::Workspace(world.workspace), "native", None, Some(0));
    let with_model = |mut body: Value, model: &str| {
        body["model"] = json!(model);
        body
    };
    for (path, key, body, status, code) in [
        (NATIVE_CHAT, "sk-unknown", native_chat(), 401, "InvalidApiKey"),
        (NATIVE_CHAT, KEY, with_model(native_chat(), "ungranted"), 403, "Model.AccessDenied"),
        (NATIVE_CHAT, KEY, with_model(native_chat(), "absent"), 404, "ModelNotFound"),
        (NATIVE_CHAT, KEY, native_chat(), 429, "Throttling.AllocationQuota"),
        (MESSAGES, "sk-unknown", message(), 401, "authentication_error"),
        (MESSAGES, KEY, with_model(message(), "ungranted"), 403, "permission_error"),
        (MESSAGES, KEY, with_model(message(), "absent"), 404, "not_found_error"),
        (MESSAGES, KEY, message(), 429, "rate_limit_error"),
    ] {
        let answer = world.post(path, key, &body).send(world.address).await;
        let told = if path == MESSAGES { anthropic_error(&answer) } else { native_error(&answer) };
        assert_eq!(told, (status, code.to_owned()), "{body}");
        assert_eq!(answer.header("retry-after").is_some(), status == 429);
        world.refused().await;
    }
    world.no_more_records();
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_in_its_shape() {
    let world = world();
    let bodies =
        ["", "[]", "{\"model\":1}", "{\"model\":\"native\"}", "{\"model\":\"claude\",\"messages\":[1]}"];
    for body in bodies {
        let native = Call::post(NATIVE_CHAT, body).key(KEY).send(world.address).await;
        assert_eq!(native_error(&native), (400, "InvalidParameter".to_owned()), "{body}");
        let anthropic = Call::post(MESSAGES, body).key(KEY).send(world.address).await;
        assert_eq!(anthropic_error(&anthropic), (400, "invalid_request_error".to_owned()), "{body}");
    }
    for (path, code) in [("/api/v1/tasks/1", "NotSupported"), ("/api/v1/nothing", "NotFound")] {
        let answer = Call::get(path).key(KEY).send(world.address).await;
        assert_eq!(native_error(&answer), (404, code.to_owned()));
    }
    let answer = Call::get(MESSAGES).key(KEY).send(world.address).await;
    assert_eq!(anthropic_error(&answer), (405, "invalid_request_error".to_owned()));
    let call = world.post(NATIVE_CHAT, KEY, &native_chat()).with("x-dashscope-async", "enable");
    let answer = call.send(world.address).await;
    assert_eq!(native_error(&answer), (403, "AccessDenied".to_owned()));
    assert_eq!(world.first.request_count() + world.second.request_count(), 0);
}

#[tokio::test]
async fn an_upstreams_own_words_pass_when_they_have_the_shape() {
    let world = world();
    let theirs = json!({"code": "DataInspectionFailed", "message": "no", "request_id": "theirs"});
    for (body, passes) in [(theirs.clone(), true), (json!({"detail": "secret"}), false)] {
        world.first.answer_next(Answer::Status { status: 400, headers: Vec::new(), body: body.clone() });
        let answer = world.post(NATIVE_CHAT, KEY, &native_chat()).send(world.address).await;
        assert_eq!(answer.status, 400);
        if passes {
            assert_eq!(answer.json(), body);
        } else {
            assert_eq!(native_error(&answer), (400, "UpstreamError".to_owned()));
        }
        world.usage().await;
    }
}

#[tokio::test]
async fn each_surface_lists_what_the_key_may_call() {
    let world = world();
    let get = |path: &str| Call::get(path).key(KEY);
    let openai = get("/compatible-mode/v1/models").send(world.address).await.json();
    let names: Vec<&str> =
        openai["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert!(names.contains(&"claude") && !names.contains(&"ungranted"));

    let native = get("/api/v1/models?page_no=2&page_size=3").send(world.address).await.json();
    assert_eq!(native["output"]["total"], names.len());
    let page: Vec<&str> = native["output"]["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["model"].as_str().unwrap())
        .collect();
    assert_eq!(page, names[3..6]);
    let one = get("/api/v1/models?model=native&page_no=1&page_size=1").send(world.address).await.json();
    assert_eq!(one["output"]["models"][0]["capabilities"], json!(["chat"]));
    for query in ["page_no=0", "page_size=x", "page_size=1001"] {
        let answer = get(&format!("/api/v1/models?{query}")).send(world.address).await;
        assert_eq!(native_error(&answer), (400, "InvalidParameter".to_owned()));
    }

    let mut seen = Vec::new();
    let mut path = "/apps/anthropic/v1/models?limit=2".to_owned();
    loop {
        let page = get(&path).send(world.address).await.json();
        let models = page["data"].as_array().unwrap();
        seen.extend(models.iter().map(|model| model["id"].as_str().unwrap().to_owned()));
        if page["has_more"] != json!(true) {
            break;
        }
        path = format!("/apps/anthropic/v1/models?limit=2&after_id={}", page["last_id"].as_str().unwrap());
    }
    assert_eq!(seen, names);
    let last =
        get(&format!("/apps/anthropic/v1/models?limit=1&before_id={}", names[2])).send(world.address).await;
    assert_eq!(last.json()["data"][0]["id"], names[1]);
    let one = get("/apps/anthropic/v1/models/claude").send(world.address).await.json();
    assert_eq!((one["type"].as_str(), one["display_name"].as_str()), (Some("model"), Some("claude")));
    let absent = get("/apps/anthropic/v1/models/ungranted").send(world.address).await;
    assert_eq!(anthropic_error(&absent), (404, "not_found_error".to_owned()));
}

#[tokio::test]
async fn a_key_learns_what_it_may_call_and_how_much() {
    let world = world();
    world.limit(LimitLevel::Account, "native", Some(100), None);
    world.limit(LimitLevel::Workspace(world.workspace), "native", Some(10), Some(100_000));
    world.first.answer_next(ok(&json!({"output": {}, "usage": {"input_tokens": 3, "output_tokens": 4}})));
    assert_eq!(world.post(NATIVE_CHAT, KEY, &native_chat()).send(world.address).await.status, 200);
    world.usage().await;
    let get = async |path: &str| {
        let answer = Call::get(&format!("/api/v1/{path}")).key(KEY).send(world.address).await;
        let body = answer.json();
        assert_eq!((answer.status.as_u16(), &body["success"]), (200, &json!(true)), "{body}");
        assert_eq!(body["request_id"].as_str(), answer.header("x-request-id"));
        body["output"].clone()
    };
    let permissions = get("models/permissions?model=native").await;
    let granted = json!({"inference": true, "finetune": false, "deploy": false});
    assert_eq!(permissions["models"], json!([{"model": "native", "name": "native", "permissions": granted}]));
    let limits = get("models/limits?model=native").await;
    let [account, workspace, key] =
        ["model_limit", "workspace_limit", "key_limit"].map(|level| limits["models"][0][level].clone());
    assert_eq!((&account["request_limit"], &account["usage_limit"]), (&json!(100), &Value::Null));
    assert_eq!((&workspace["request_limit"], &workspace["request_limit_period"]), (&json!(10), &json!(60)));
    assert_eq!(
        (&workspace["usage_limit"], &workspace["usage_limit_field"]),
        (&json!(100_000), &json!("total_tokens"))
    );
    assert_eq!(key, Value::Null);
    let quotas = get("quotas?model=native").await;
    let standing = &quotas["models"][0]["workspace"];
    assert_eq!(standing["requests"], json!({"limit": 10, "remaining": 9}));
    assert_eq!(standing["tokens"], json!({"limit": 100_000, "remaining": 99_993}));
    assert_eq!(get("models/limits?page_size=2&page_no=2").await["models"].as_array().unwrap().len(), 2);
    for path in ["models/permissions", "models/limits", "quotas"] {
        let path = format!("/api/v1/{path}");
        let nobody = Call::get(&path).key("sk-unknown").send(world.address).await;
        assert_eq!(native_error(&nobody), (401, "InvalidApiKey".to_owned()));
        world.refused().await;
        let changing = Call::post(&path, "{}").key(KEY).send(world.address).await;
        assert_eq!(native_error(&changing), (405, "MethodNotAllowed".to_owned()));
        let odd = Call::get(&format!("{path}?page_size=0")).key(KEY).send(world.address).await;
        assert_eq!(native_error(&odd), (400, "InvalidParameter".to_owned()));
    }
}
