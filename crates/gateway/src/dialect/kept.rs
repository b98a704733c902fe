//! What a stream has said so far, for the dialects that say it again: DashScope's cumulative events and the end of OpenAI's
//! responses.

use super::json::Wrong;
use super::reply::Piece;

/// A longer answer is no answer of a model.
pub(super) const MOST: usize = 4 * 1024 * 1024;

/// All that was said.
#[derive(Debug, Default)]
pub(super) struct Kept {
    choices: Vec<(u32, All)>,
    length: usize,
}

/// All that one choice said.
#[derive(Debug, Default)]
pub(super) struct All {
    pub(super) text: String,
    pub(super) thought: String,
    pub(super) signature: String,
    pub(super) calls: Vec<KeptCall>,
}

/// A call.
#[derive(Debug)]
pub(super) struct KeptCall {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
}

impl Kept {
    /// What a choice has said.
    pub(super) fn of(&self, choice: u32) -> Option<&All> {
        self.choices.iter().find(|(known, _)| *known == choice).map(|(_, all)| all)
    }

    /// Adds a piece.
    pub(super) fn add(&mut self, piece: &Piece<'_>) -> Result<(), Wrong> {
        let length = match piece {
            Piece::Text { text, .. }
            | Piece::Thought { text, .. }
            | Piece::Signature { text, .. }
            | Piece::Arguments { text, .. } => text.len(),
            Piece::Call { id, name, .. } => id.len() + name.len(),
            Piece::Finish { .. } | Piece::Usage(_) | Piece::Failed { .. } => return Ok(()),
        };
        self.length += length;
        if self.length > MOST {
            return Err(Wrong::new("", "makes the answer too long"));
        }
        let choice = piece.choice();
        let place = self.choices.iter().position(|(known, _)| *known == choice);
        let place = place.unwrap_or_else(|| {
            self.choices.push((choice, All::default()));
            self.choices.len() - 1
        });
        let all = &mut self.choices[place].1;
        match piece {
            Piece::Text { text, .. } => all.text.push_str(text),
            Piece::Thought { text, .. } => all.thought.push_str(text),
            Piece::Signature { text, .. } => all.signature.push_str(text),
            Piece::Call { id, name, .. } => {
                let (id, name) = (id.clone().into_owned(), name.clone().into_owned());
                all.calls.push(KeptCall { id, name, arguments: String::new() });
            }
            Piece::Arguments { call, text, .. } => {
                let call = all.calls.get_mut(*call as usize);
                let call =
                    call.ok_or_else(|| Wrong::new("tool_calls", "goes on with a call that did not begin"))?;
                call.arguments.push_str(text);
            }
            Piece::Finish { .. } | Piece::Usage(_) | Piece::Failed { .. } => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded() {
        let mut kept = Kept::default();
        let text = "x".repeat(MOST / 4);
        let piece = Piece::Text { choice: 0, text: text.as_str().into(), logprobs: None };
        let refused = (0..9).position(|_| kept.add(&piece).is_err());
        assert_eq!(refused, Some(4));
        assert_eq!(kept.of(0).unwrap().text.len(), MOST);
        assert!(kept.of(1).is_none());
        assert!(Kept::default().add(&Piece::Arguments { choice: 0, call: 7, text: "x".into() }).is_err());
    }
}
