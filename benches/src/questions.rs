//! Questions to decide, drawn over a population, and the directory's answers to them.

use std::net::{IpAddr, Ipv4Addr};

use bailey_domain::access::{Caller, Principal};
use bailey_domain::directory::{Admitted, Call, Directory};
use bailey_domain::id::{RequestId, WorkspaceId};
use bailey_domain::model::Capability;
use bailey_domain::operations::{
    AddMember, CreateApiKey, CreateWorkspace, DeleteWorkspace, GetSettings, GetWorkspaceUsage, ListApiKeys,
    ListAuditRecords, ListMembers, Operation, PutModel, RenameWorkspace, SetMemberPages,
    UpdateModelPermissions,
};
use bailey_domain::page::Page;
use bailey_domain::permit::{Permit, Refusal};
use bailey_domain::reason::Reason;
use bailey_domain::scope::{Seat, WholeAccount};
use bailey_domain::tokens::Expected;

use crate::population::{MODELS, Population, SEATS};
use crate::random::Random;

/// 2026-11-24T00:00:00Z in milliseconds.
pub const NOW_MS: i64 = 1_795_478_400_000;

/// How a question was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Answer {
    /// Yes.
    Allow,
    /// No, since nothing allows it.
    ImplicitDeny,
    /// No, since a policy denies it.
    ExplicitDeny,
}

impl Answer {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Allow, Self::ImplicitDeny, Self::ExplicitDeny];

    /// For tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::ImplicitDeny => "implicit deny",
            Self::ExplicitDeny => "explicit deny",
        }
    }
}

macro_rules! asked {
    ($($name:ident: $scope:expr, $page:expr;)*) => {
        /// The operations that are asked about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Asked { $(
            #[doc = concat!("`", stringify!($name), "`.")]
            $name,
        )* }

        impl Asked {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The RAM action.
            pub fn action(self) -> &'static str {
                match self { $(Self::$name => <$name as Operation>::entry().action,)* }
            }

            /// Its place in the table of operations.
            pub fn position(self) -> usize {
                match self { $(Self::$name => <$name as Operation>::entry().position,)* }
            }

            /// The page permission that would do, if there is one.
            pub fn page(self) -> Option<Page> {
                match self { $(Self::$name => $page,)* }
            }
        }

        /// Asks the directory. Decision, reason and chain are made and dropped within.
        pub fn authorize(directory: &Directory, question: &Question) -> Answer {
            match question.asked { $(Asked::$name => answer_of(directory.authorize::<$name>(&question.caller, ($scope)(question))),)* }
        }
    };
}

asked! {
    // These two kinds depend on policies alone, so every engine can be asked about them.
    CreateWorkspace: |_: &Question| WholeAccount, None;
    PutModel: |_: &Question| WholeAccount, None;
    ListAuditRecords: |_: &Question| WholeAccount, None;
    GetSettings: |_: &Question| WholeAccount, None;
    RenameWorkspace: |question: &Question| question.workspace, None;
    DeleteWorkspace: |question: &Question| question.workspace, None;
    // These depend on seats and pages as well.
    GetWorkspaceUsage: |question: &Question| question.workspace, None;
    ListApiKeys: |question: &Question| question.workspace, Some(Page::ApiKey);
    CreateApiKey: |question: &Question| question.workspace, Some(Page::ApiKey);
    UpdateModelPermissions: |question: &Question| question.workspace, None;
    ListMembers: |question: &Question| question.workspace, Some(Page::PermissionManagement);
    AddMember: own_seat, None;
    SetMemberPages: own_seat, Some(Page::PermissionManagement);
}

impl Asked {
    /// Those that depend on policies alone.
    pub const BY_POLICY: &'static [Self] = &[
        Self::CreateWorkspace,
        Self::PutModel,
        Self::ListAuditRecords,
        Self::GetSettings,
        Self::RenameWorkspace,
        Self::DeleteWorkspace,
    ];

    /// Whether it is about the account and no workspace.
    pub fn is_account_wide(self) -> bool {
        matches!(self, Self::CreateWorkspace | Self::PutModel | Self::ListAuditRecords | Self::GetSettings)
    }
}

fn own_seat(question: &Question) -> Seat {
    Seat { workspace: question.workspace, user: question.caller.principal.user() }
}

#[inline]
fn answer_of<O: Operation>(result: Result<Permit<O>, Box<Refusal>>) -> Answer {
    match result {
        Ok(permit) => {
            std::hint::black_box(permit.chain());
            Answer::Allow
        }
        Err(refusal) if refusal.reason == Reason::ExplicitDeny => Answer::ExplicitDeny,
        Err(_) => Answer::ImplicitDeny,
    }
}

/// A question about an operation.
#[derive(Clone, Debug)]
pub struct Question {
    /// Who asks.
    pub caller: Caller,
    /// The place of that user.
    pub user: u32,
    /// What about.
    pub asked: Asked,
    /// Where.
    pub workspace: WorkspaceId,
}

impl Question {
    /// What policies call the thing that it is about.
    pub fn resource(&self) -> String {
        let account = self.caller.account;
        if self.asked.is_account_wide() {
            format!("acs:modelstudio:*:{account}:*")
        } else {
            format!("acs:modelstudio:*:{account}:workspace/{}", self.workspace)
        }
    }
}

/// Draws questions: users at random, nine times out of ten about a workspace in which they have a seat.
pub fn questions(
    population: &Population,
    count: usize,
    users: usize,
    about: &[Asked],
    seed: u64,
) -> Vec<Question> {
    let mut random = Random::seeded(seed);
    let users = users.min(population.users.len());
    let mut one = || {
        // Spread over all users, also when only some are asked about.
        let user = random.below(users) * (population.users.len() / users);
        let workspace = if random.chance(90) {
            population.seats[user][random.below(SEATS)].0 as usize
        } else {
            random.below(population.workspaces.len())
        };
        Question {
            caller: Caller {
                account: population.account,
                principal: Principal::User(population.users[user]),
                access_key: None,
                role_session: None,
                federated: None,
                session: None,
                source_ip: address(&mut random),
                secure_transport: true,
                request_id: RequestId::new(random.bytes()),
                now_ms: NOW_MS,
            },
            user: u32::try_from(user).expect("fewer than four thousand million"),
            asked: *random.pick(about),
            workspace: population.workspaces[workspace],
        }
    };
    (0..count).map(|_| one()).collect()
}

fn address(random: &mut Random) -> IpAddr {
    let [one, other, ..]: [u8; 8] = random.bytes();
    let inside = random.chance(75);
    IpAddr::V4(if inside { Ipv4Addr::new(10, 1, one, other) } else { Ipv4Addr::new(203, 0, 113, one) })
}

/// A model call to decide about.
#[derive(Clone, Debug)]
pub struct ModelCall {
    /// The place of the key.
    pub key: u32,
    /// The place of the model.
    pub model: u32,
    /// Where it comes from.
    pub source: IpAddr,
}

/// Draws model calls: any key, and five times out of six a model that its workspace holds.
pub fn model_calls(population: &Population, count: usize, seed: u64) -> Vec<ModelCall> {
    let mut random = Random::seeded(seed);
    let mut one = || {
        let key = random.below(population.keys.len());
        let workspace = population.keys[key].workspace as usize;
        let held = |model: &usize| workspace == 0 || population.grants[workspace] >> model & 1 == 1;
        let wanted = random.below(6) != 0;
        let model = std::iter::repeat_with(|| random.below(MODELS))
            .take(100)
            .find(|model| held(model) == wanted)
            .unwrap_or(0);
        ModelCall {
            key: u32::try_from(key).expect("fewer than four thousand million"),
            model: u32::try_from(model).expect("few"),
            source: address(&mut random),
        }
    };
    (0..count).map(|_| one()).collect()
}

/// Asks the directory about a model call. The call is registered as in flight and, within, over again.
#[inline]
pub fn admit(directory: &Directory, population: &Population, call: &ModelCall) -> Answer {
    let key = population.keys[call.key as usize].hash;
    let asked = Call { key: Some(key.into()), workspace: None, source: call.source, now_ms: NOW_MS };
    match directory.admit(
        &asked,
        population.models[call.model as usize].as_str(),
        Capability::Chat,
        Expected::default(),
    ) {
        Ok(admitted) => {
            std::hint::black_box(&admitted);
            Answer::Allow
        }
        Err(_) => Answer::ImplicitDeny,
    }
}

/// Admits so many calls and keeps them in flight.
pub fn flights(
    directory: &Directory,
    population: &Population,
    calls: &[ModelCall],
    count: usize,
) -> Vec<Admitted> {
    let admitted = calls.iter().filter_map(|call| {
        let key = population.keys[call.key as usize].hash;
        let asked = Call { key: Some(key.into()), workspace: None, source: call.source, now_ms: NOW_MS };
        directory
            .admit(
                &asked,
                population.models[call.model as usize].as_str(),
                Capability::Chat,
                Expected::default(),
            )
            .ok()
    });
    admitted.take(count).collect()
}
