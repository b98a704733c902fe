//! One reader for every way of sending parameters.

use bailey_acs::parameters::{ParameterError, ParameterErrorKind, Parameters, Sources};
use proptest::prelude::*;
use serde_json::json;

const FORM: &[u8] = b"application/x-www-form-urlencoded";
const JSON: &[u8] = b"application/json; charset=utf-8";

fn query(text: &str) -> Result<Parameters, ParameterError> {
    Parameters::collect(Sources { query: Some(text), ..Sources::default() })
}

fn form(text: &[u8]) -> Result<Parameters, ParameterError> {
    Parameters::collect(Sources { content_type: Some(FORM), body: text, ..Sources::default() })
}

fn body(text: impl AsRef<[u8]>) -> Result<Parameters, ParameterError> {
    Parameters::collect(Sources { content_type: Some(JSON), body: text.as_ref(), ..Sources::default() })
}

/// CreateApiKey as the Python SDK sends it.
#[test]
fn a_flattened_form_reads_like_json() {
    let text = b"auth.accessIps.1=10.0.0.0%2F8&auth.modelAccessScope.accessibleModels.1=qwen-plus&auth.modelAccessScope.allowAllModels=False&auth.type=Custom";
    let json = json!({"auth": {
        "accessIps": ["10.0.0.0/8"], "type": "Custom",
        "modelAccessScope": {"accessibleModels": ["qwen-plus"], "allowAllModels": false},
    }});
    for parameters in [form(text).unwrap(), body(json.to_string()).unwrap()] {
        let auth = parameters.object("auth").unwrap().unwrap();
        assert_eq!(auth.required_text("type").unwrap(), "Custom");
        assert_eq!(auth.texts("accessIps").unwrap().unwrap(), ["10.0.0.0/8"]);
        let scope = auth.object("modelAccessScope").unwrap().unwrap();
        assert_eq!(scope.boolean("allowAllModels").unwrap(), Some(false));
        assert_eq!(scope.texts("accessibleModels").unwrap().unwrap(), ["qwen-plus"]);
        parameters.finish().unwrap();
    }
}

/// UpdateModelPermissions and UpdateModelLimits: a flattened list of objects, and the same as JSON text in one field.
#[test]
fn lists_of_objects_read_alike() {
    for parameters in [
        form(b"workspaceId=llm-1&models.1.model=qwen-plus&models.1.inference=True&models.2.model=b").unwrap(),
        form(b"workspaceId=llm-1&models=%5B%7B%22model%22%3A%22qwen-plus%22%2C%22inference%22%3Atrue%7D%2C%7B%22model%22%3A%22b%22%7D%5D").unwrap(),
        query("workspaceId=llm-1&models=+%5B%7B%22model%22:%22qwen-plus%22,%22inference%22:true%7D,%7B%22model%22:%22b%22%7D%5D").unwrap(),
        body(r#"{"workspaceId":"llm-1","models":[{"model":"qwen-plus","inference":true},{"model":"b","inference":null}]}"#).unwrap(),
    ] {
        assert_eq!(parameters.text("workspaceId").unwrap().unwrap(), "llm-1");
        let models = parameters.objects("models").unwrap().unwrap();
        assert_eq!(models.len(), 2);
        assert_eq!(models[0].required_text("model").unwrap(), "qwen-plus");
        assert_eq!(models[0].boolean("inference").unwrap(), Some(true));
        assert_eq!(models[1].required_text("model").unwrap(), "b");
        assert_eq!(models[1].boolean("inference").unwrap(), None);
        parameters.finish().unwrap();
    }
}

#[test]
fn rpc_style_names_and_common_parameters() {
    let parameters =
        query("Format=JSON&RegionId=&Tag.1.Key=k&Tag.1.Value=v&DocumentIds=%5B%22f1%22%5D").unwrap();
    parameters.ignore(&["Format", "RegionId", "Version"]);
    let tags = parameters.objects("Tag").unwrap().unwrap();
    assert_eq!(
        (tags[0].required_text("Key").unwrap(), tags[0].required_text("Value").unwrap()),
        ("k".into(), "v".into())
    );
    assert_eq!(parameters.texts("DocumentIds").unwrap().unwrap(), ["f1"]);
    parameters.finish().unwrap();
}

#[test]
fn lists_of_ten_and_more_keep_their_order() {
    let text: Vec<String> = (1..=12).map(|index| format!("a.{index}=v{index}")).collect();
    let parameters = query(&text.join("&")).unwrap();
    let expected: Vec<String> = (1..=12).map(|index| format!("v{index}")).collect();
    assert_eq!(parameters.texts("a").unwrap().unwrap(), expected);
}

#[test]
fn path_parameters_are_decoded_without_turning_plus_into_a_blank() {
    let path = [("userName", "a%20b+c%2Fd")];
    let parameters = Parameters::collect(Sources { path: &path, ..Sources::default() }).unwrap();
    assert_eq!(parameters.required_text("userName").unwrap(), "a b+c/d");
    parameters.finish().unwrap();
}

#[test]
fn an_empty_text_is_there() {
    let parameters = query("a=&b").unwrap();
    assert_eq!(parameters.text("a").unwrap().as_deref(), Some(""));
    assert_eq!(parameters.required_text("b").unwrap(), "");
    assert_eq!(parameters.text("c").unwrap(), None);
}

#[track_caller]
fn refused<T>(result: Result<T, ParameterError>, path: &str, part: &str) -> ParameterError {
    let error = result.err().expect("it must be refused");
    assert_eq!(error.path(), path, "{error}");
    assert!(error.to_string().contains(part), "{error}");
    assert!(!error.to_string().contains(char::is_control), "{error:?}");
    error
}

#[test]
fn no_message_holds_a_control_character() {
    for text in ["a%09=1&a%09=2", "a%0A.=1", "a%0D=1&a%0D.b=2", "%1B=1", "a%09.%00=1"] {
        let message = query(text).unwrap_err().to_string();
        assert!(!message.contains(char::is_control), "{text}: {message:?}");
    }
    let error = query("a%09=1").unwrap().finish().unwrap_err();
    assert_eq!(error.path(), "a");
}

#[test]
fn a_name_stands_once_wherever_it_stands() {
    let both = |query, content_type, body: &'static str| {
        let path = [("w", "1")];
        Parameters::collect(Sources {
            query: Some(query),
            content_type: Some(content_type),
            body: body.as_bytes(),
            path: &path,
        })
    };
    refused(query("a=1&a=2"), "a", "more than once");
    refused(query("a=1&%61=1"), "a", "more than once");
    refused(query("a.1=1&a.1=2"), "a.1", "more than once");
    refused(query("a=1&a.b=2"), "a.b", "more than once");
    refused(query("a.b=1&a=2"), "a", "more than once");
    refused(both("a=1", FORM, "a=1"), "a", "more than once");
    refused(both("a=1", JSON, r#"{"a":1}"#), "a", "more than once");
    refused(both("a.b=1", JSON, r#"{"a":{"c":1}}"#), "a", "more than once");
    refused(both("w=1", FORM, ""), "w", "more than once");
    refused(both("", JSON, r#"{"w":1}"#), "w", "more than once");
    refused(body(r#"{"a":1,"a":1}"#), "a", "more than once");
    let error = refused(body(r#"{"a":[{"b":1,"b":2}]}"#), "a.1.b", "more than once");
    assert_eq!(error.kind(), &ParameterErrorKind::Duplicate);
}

#[test]
fn what_nobody_read_is_refused_with_its_path() {
    let read = |text: &str| {
        let parameters = body(text).unwrap();
        let auth = parameters.object("auth").unwrap().unwrap();
        auth.texts("ips").unwrap();
        for model in auth.objects("models").unwrap().unwrap_or_default() {
            model.text("name").unwrap();
        }
        parameters.finish()
    };
    read(r#"{"auth":{"ips":["1"],"models":[{"name":"a"}]}}"#).unwrap();
    refused(read(r#"{"auth":{},"x":1}"#), "x", "not a parameter");
    refused(read(r#"{"auth":{"ip":["1"]}}"#), "auth.ip", "spelling");
    refused(
        read(r#"{"auth":{"models":[{"name":"a"},{"names":null}]}}"#),
        "auth.models.2.names",
        "not a parameter",
    );
    // A dot in a JSON name is no path.
    refused(read(r#"{"auth":{"ips":["1"]},"auth.ips":"x"}"#), "auth.ips", "not a parameter");
    let in_text = query("m=%5B%7B%22a%22:1,%22b%22:2%7D%5D").unwrap();
    in_text.objects("m").unwrap().unwrap()[0].integer("a", 0..=9).unwrap();
    refused(in_text.finish(), "m.1.b", "not a parameter");
}

#[test]
fn values_of_the_wrong_kind_are_refused_with_their_path() {
    let parameters =
        body(r#"{"t":1,"b":"yes","i":1.5,"l":"x","o":[],"q":[{"n":1},2],"s":["a",1],"line":"a\nb"}"#)
            .unwrap();
    refused(parameters.text("t"), "t", "must be a text");
    refused(parameters.boolean("b"), "b", "`true` or `false`");
    refused(parameters.integer("i", 1..=5), "i", "from 1 to 5");
    refused(parameters.texts("l"), "l", "must be a list");
    refused(parameters.object("o"), "o", "must be an object");
    refused(parameters.objects("q"), "q.2", "must be an object");
    refused(parameters.texts("s"), "s.2", "one line of text");
    refused(parameters.text("line"), "line", "one line");
    assert_eq!(parameters.document("line").unwrap().unwrap(), "a\nb");
    let error = refused(
        parameters.required_text("absent"),
        "absent",
        "The input parameter \"absent\" that is mandatory",
    );
    assert_eq!(error.code(), "MissingParameter");
}

#[test]
fn integers_keep_to_their_range_in_both_forms() {
    for (text, expected) in [
        ("60", Some(60)),
        ("1", Some(1)),
        ("100", Some(100)),
        ("0", None),
        ("101", None),
        ("+5", None),
        ("5.0", None),
        ("", None),
        ("99999999999999999999", None),
        ("0x5", None),
        (" 5", None),
    ] {
        assert_eq!(
            query(&format!("n={}", text.replace('+', "%2B"))).unwrap().integer("n", 1..=100).ok().flatten(),
            expected,
            "{text}"
        );
    }
    assert_eq!(body(r#"{"n":60}"#).unwrap().integer("n", 1..=100).unwrap(), Some(60));
    assert!(body(r#"{"n":18446744073709551615}"#).unwrap().integer("n", 1..=100).is_err());
    assert_eq!(query("n=-5").unwrap().integer("n", -9..=0).unwrap(), Some(-5));
}

#[test]
fn list_numbers_have_no_gap_and_one_spelling() {
    for (text, path) in [
        ("a.2=x", "a.1"),
        ("a.1=x&a.3=y", "a.2"),
        ("a.0=x", "a.0"),
        ("a.01=x", "a.01"),
        ("a.x=1", "a.x"),
        ("a.1=x&a.+2=y", "a. 2"),
    ] {
        refused(query(text).unwrap().texts("a"), path, "number the items");
    }
    refused(query("a..b=1"), "a..b", "empty part");
    refused(query("=1"), "query", "empty part");
    refused(query(&format!("{}=1", "a.".repeat(40) + "b")), &("a.".repeat(40) + "b"), "deeper");
}

#[test]
fn text_that_is_no_text_is_refused_by_name() {
    refused(query("name=%FF"), "name", "not UTF-8");
    refused(form(b"name=\xff"), "name", "not UTF-8");
    refused(form(b"na\xffme=1"), "na\\xffme", "not UTF-8");
    refused(query("name=a%00b"), "name", "U+0000");
    refused(query("name=%1B%5B0m"), "name", "U+001B");
    refused(query("na%00me=1"), "na%00me", "U+0000");
    refused(query("name=%C2%85"), "name", "U+0085");
    refused(query("name=%4"), "name", "hexadecimal");
    refused(body(br#"{"a":{"b":"\u0000"}}"#), "a.b", "U+0000");
    refused(body(br#"{"a":{"b\u001b":"x"}}"#), "body", "U+001B");
    refused(query("m=%5B%22%5Cu0007%22%5D").unwrap().texts("m"), "m.1", "U+0007");
    assert_eq!(query("p=a%09b%0D%0Ac").unwrap().document("p").unwrap().unwrap(), "a\tb\r\nc");
}

#[test]
fn bad_json_says_where() {
    let error = refused(body("{\n  \"a\": trux\n}"), "body", "line 2 column 11");
    assert!(matches!(error.kind(), ParameterErrorKind::Json { line: 2, .. }));
    refused(body(b"{\"a\":\"\xff\"}"), "body", "line 1");
    refused(body("{} {}"), "body", "trailing characters");
    refused(body("[1]"), "body", "must be a JSON object");
    refused(body("{\"a\":1e999}"), "body", "number out of range");
    refused(query("m=%5B1,").unwrap().texts("m"), "m", "line 1 column 3");
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(32), "]".repeat(32));
    let error = body(&deep).err().unwrap();
    assert!(error.to_string().contains("deeper than 32"), "{error}");
    assert!(body(format!("{{\"a\":{}{}}}", "[".repeat(31), "]".repeat(31))).is_ok());
    assert!(body(format!("{{\"a\":{}", "[".repeat(100_000))).is_err(), "no stack is exhausted");
}

#[test]
fn a_body_has_one_of_two_types() {
    for content_type in
        [None, Some(b"text/plain".as_slice()), Some(b"application/json; charset=gbk"), Some(b"\xff")]
    {
        let sources = Sources { content_type, body: b"{}", ..Sources::default() };
        let error = refused(Parameters::collect(sources), "content-type", "application/json");
        assert_eq!((error.code(), error.status().as_u16()), ("UnsupportedMediaType", 415));
        assert!(
            Parameters::collect(Sources { content_type, ..Sources::default() }).is_ok(),
            "no body, no type"
        );
    }
}

#[test]
fn sizes_are_bounded() {
    let many: Vec<String> = (0..10_001).map(|index| format!("a{index}=")).collect();
    refused(form(many.join("&").as_bytes()), "body", "more than 10000");
    let long = "a".repeat(513);
    let error = query(&format!("{long}=1")).err().unwrap();
    assert!(
        matches!(error.kind(), ParameterErrorKind::TooLong { .. }) && error.to_string().len() < 200,
        "{error}"
    );
}

#[test]
fn raw_values_come_as_json() {
    let parameters = query("c.1=a&c.2=b&d.x=1&e=%5B1%5D").unwrap();
    assert_eq!(parameters.json("c"), Some(json!(["a", "b"])));
    assert_eq!(parameters.json("d"), Some(json!({"x": "1"})));
    assert_eq!(parameters.json("e"), Some(json!("[1]")));
    assert_eq!(parameters.json("f"), None);
    parameters.finish().unwrap();
    let context = json!({"acs:MFAPresent": true, "n": [1, null, {"a.b": "c"}]});
    let parameters = body(json!({"context": context, "none": null}).to_string()).unwrap();
    assert_eq!(parameters.names().collect::<Vec<_>>(), ["context", "none"]);
    assert_eq!(parameters.json("context"), Some(context));
    assert_eq!(parameters.json("none"), None);
    parameters.finish().unwrap();
}

fn json_values() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        any::<i64>().prop_map(|value| json!(value)),
        "[a-z é{\\[\"]{0,8}".prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|items| json!(items)),
            proptest::collection::btree_map("[a-z.1]{1,4}", inner, 0..4).prop_map(|fields| json!(fields)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_goes_through_unchanged(value in json_values()) {
        let parameters = body(json!({"v": value.clone()}).to_string()).unwrap();
        prop_assert_eq!(parameters.json("v").unwrap_or_default(), value);
        prop_assert!(parameters.finish().is_ok());
    }

    #[test]
    fn nothing_that_is_sent_panics(query in any::<String>(), body in any::<Vec<u8>>(), form in any::<bool>(), path in any::<String>()) {
        let content_type = Some(if form { FORM } else { JSON });
        let path = [("p", path.as_str())];
        let sources = Sources { query: Some(&query), content_type, body: &body, path: &path };
        match Parameters::collect(sources) {
            Ok(parameters) => {
                for name in parameters.names() {
                    let _ = (parameters.text(name), parameters.texts(name), parameters.object(name), parameters.objects(name));
                    let _ = (parameters.boolean(name), parameters.integer(name, 0..=9), parameters.json(name));
                }
                let _ = parameters.finish();
            }
            Err(error) => prop_assert!(!error.to_string().contains(char::is_control), "{error:?}"),
        }
    }
}
