//! Tests of `place`.

use super::*;

const TEXT: &str = "{ \"Version\" : \"1\",\n \"Sta\\u0074ement\": [ {\"a\": [1, -2.5e+3, true]},\n  {\"x/~\": \"q\\\"[{\", \"b\": null} ] }";

fn at(place: &Place) -> &'static str {
    &TEXT[offset(TEXT, place)..]
}

#[test]
fn every_place_has_an_offset_and_a_pointer() {
    let root = Place::default();
    let list = root.member("Statement");
    assert!(at(&root).starts_with("{ \"Version\""));
    assert!(at(&root.member("Version")).starts_with("\"1\","));
    assert!(at(&list).starts_with("[ {\"a\""));
    assert!(at(&list.item(0).member("a").item(1)).starts_with("-2.5e+3"));
    assert!(at(&list.item(0).member("a").item(2)).starts_with("true"));
    assert!(at(&list.item(1)).starts_with("{\"x/~\""));
    assert!(at(&list.item(1).member("b")).starts_with("null"));
    assert_eq!(list.item(1).member("x/~").pointer(), "/Statement/1/x~1~0");
    // What does not exist is where it would be.
    assert_eq!(offset(TEXT, &list.item(7)), offset(TEXT, &list));
    assert_eq!(offset(TEXT, &list.item(1).member("none")), offset(TEXT, &list.item(1)));
}

#[test]
fn paths_of_errors_become_places() {
    let document =
        Json::parse(r#"{"Statement":[{"Condition":{"Bool":{"acs:X":1}}},{"Action":[]}],"S.t":1}"#).unwrap();
    for (path, pointer) in [
        ("", ""),
        ("Version", ""),
        ("Statement[1].Action", "/Statement/1/Action"),
        ("Statement[1].Effect", "/Statement/1"),
        ("Statement[9]", "/Statement"),
        ("Statement[0].Condition.Bool[\"acs:X\"]", "/Statement/0/Condition/Bool/acs:X"),
        ("S.t", "/S.t"),
    ] {
        assert_eq!(of_error(&document, path).pointer(), pointer, "{path}");
    }
    let single = Json::parse(r#"{"Statement":{"Action":1}}"#).unwrap();
    assert_eq!(of_error(&single, "Statement[0].Action").pointer(), "/Statement/Action");
}

#[test]
fn nothing_stops_the_scanner() {
    for text in ["", "{", "[", "\"", "{\"a", "[1", "]]", "}", "{\"a\\", "[\u{7f}", "{\"a\":@"] {
        for place in [Place::default(), Place::default().member("a"), Place::default().item(3)] {
            assert!(offset(text, &place) <= text.len(), "{text}");
        }
    }
}
