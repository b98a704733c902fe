//! What policies are attached to one user, group or role, and for what each of them counts.

use smallvec::SmallVec;

use super::slab::Slot;

/// The policies of one user, group or role.
#[derive(Debug, Default)]
pub(crate) struct Attachments {
    /// Those that count for the whole account.
    pub(super) everywhere: SmallVec<[Slot; 4]>,
    /// Those that count for the things of one workspace: its number, and the policy's. Few have any, and those who have none
    /// pay no allocation for it.
    scoped: Box<[(Slot, Slot)]>,
}

impl Attachments {
    /// Attaches a policy, for one workspace or for the whole account, unless it is attached so.
    pub(super) fn attach(&mut self, workspace: Option<Slot>, policy: Slot) {
        if self.has(workspace, policy) {
            return;
        }
        match workspace {
            None => self.everywhere.push(policy),
            Some(place) => self.scoped = self.scoped.iter().copied().chain([(place, policy)]).collect(),
        }
    }

    /// Detaches a policy from where it counts for this, and from nowhere else.
    pub(super) fn detach(&mut self, workspace: Option<Slot>, policy: Slot) {
        match workspace {
            None => self.everywhere.retain(|held| *held != policy),
            Some(place) => {
                let rest = self.scoped.iter().filter(|held| **held != (place, policy));
                self.scoped = rest.copied().collect();
            }
        }
    }

    /// Whether a policy is attached for just this.
    pub(super) fn has(&self, workspace: Option<Slot>, policy: Slot) -> bool {
        match workspace {
            None => self.everywhere.contains(&policy),
            Some(place) => self.scoped.contains(&(place, policy)),
        }
    }

    /// Whether any is attached for this workspace.
    #[inline]
    pub(super) fn has_any_for(&self, workspace: Slot) -> bool {
        self.scoped.iter().any(|(place, _)| *place == workspace)
    }

    /// Those that are attached for this workspace alone.
    pub(super) fn only_for(&self, workspace: Slot) -> impl Iterator<Item = Slot> + Clone {
        self.scoped.iter().filter(move |(place, _)| *place == workspace).map(|(_, policy)| *policy)
    }

    /// Every policy with the workspace that it counts for.
    pub(super) fn all(&self) -> impl Iterator<Item = (Option<Slot>, Slot)> + Clone {
        let scoped = self.scoped.iter().map(|(place, policy)| (Some(*place), *policy));
        self.everywhere.iter().map(|policy| (None, *policy)).chain(scoped)
    }
}
