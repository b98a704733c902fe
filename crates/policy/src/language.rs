//! Which language a document is written in.

/// The policy language of a document. The caller chooses, and keeps the choice with the document: the same text can
/// mean something else in the other language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// The language of the real service: what it does not know is refused, and `${` is plain text.
    #[default]
    Standard,
    /// Also `ForAnyValue:`, `ForAllValues:`, `…IfExists`, `Null`, variables like `${acs:PrincipalTag/team}` in
    /// resources and texts, and the keys `acs:PrincipalTag/…`.
    Extended,
}
