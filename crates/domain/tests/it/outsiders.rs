//! Rule 8: whoever is outside a workspace cannot tell a foreign one from one that does not exist.

use bailey_domain::directory::Asked;
use bailey_domain::operations::{
    AddMember, CreateApiKey, DeleteApiKey, DeleteWorkspace, DeleteWorkspaceBudget, DisableApiKey,
    EnableApiKey, GetApiKey, GetEffectiveAccess, GetMember, GetWorkspaceUsage, ListApiKeys, ListMembers,
    ListModelLimits, ListModelPermissions, ListWorkspaceBudgets, OPERATIONS, Operation, PutWorkspaceBudget,
    RemoveMember, RenameWorkspace, ResetApiKey, SetMemberPages, UpdateApiKey, UpdateModelLimits,
    UpdateModelPermissions,
};
use bailey_domain::permit::WORKSPACE_DENIED;
use bailey_domain::scope::{ScopeKind, Seat};
use bailey_domain::{Caller, Principal, UserId, WorkspaceId};

use crate::house::{House, question};

/// Everything that a refused caller gets to see, with the id that it asked for taken out.
fn shown<O: Operation>(house: &House, caller: &Caller, workspace: WorkspaceId, scope: O::On) -> String {
    match house.directory.authorize::<O>(caller, scope) {
        Ok(_) => "allowed".to_owned(),
        Err(refusal) => format!(
            "{} {} {} {:?} {}",
            refusal.code(),
            refusal.message(),
            refusal.next_step(),
            refusal.decision(&house.directory),
            refusal.action
        )
        .replace(&workspace.to_string(), "<workspace>"),
    }
}

/// Each operation on a workspace, by name, with what it shows on each of these workspaces.
fn everywhere(house: &House, caller: &Caller, places: &[WorkspaceId]) -> Vec<(&'static str, Vec<String>)> {
    let somebody = Some(house.one.people.member);
    macro_rules! ask {
        (workspaces: $($on_workspace:ident),*; seats: $($on_seat:ident),*) => {
            vec![
                $((
                    stringify!($on_workspace),
                    places.iter().map(|place| shown::<$on_workspace>(house, caller, *place, *place)).collect(),
                ),)*
                $((
                    stringify!($on_seat),
                    places.iter().map(|place| {
                        shown::<$on_seat>(house, caller, *place, Seat { workspace: *place, user: somebody })
                    }).collect(),
                ),)*
            ]
        };
    }
    ask! {
        workspaces: RenameWorkspace, DeleteWorkspace, CreateApiKey, ListApiKeys, GetApiKey, UpdateApiKey, DeleteApiKey,
            EnableApiKey, DisableApiKey, ResetApiKey, ListModelPermissions, UpdateModelPermissions, ListModelLimits,
            UpdateModelLimits, ListMembers, GetWorkspaceUsage, PutWorkspaceBudget, DeleteWorkspaceBudget, ListWorkspaceBudgets;
        seats: AddMember, GetMember, SetMemberPages, RemoveMember, GetEffectiveAccess
    }
}

#[test]
fn rule_8_a_foreign_and_an_absent_workspace_look_the_same() {
    let house = House::new();
    let people = &house.one.people;
    let absent = WorkspaceId::random(&house.entropy);
    let foreign = [house.two.default, house.two.inside, house.two.beside];
    let mut callers: Vec<_> = people.all().into_iter().map(|user| house.user(user)).collect();
    callers.push(house.caller(&house.one, Principal::Root));
    for caller in &callers {
        for (operation, answers) in everywhere(&house, caller, &[absent, foreign[0], foreign[1], foreign[2]])
        {
            assert!(answers[0].starts_with("Workspace.AccessDenied"), "{operation}: {}", answers[0]);
            assert!(answers[0].contains(WORKSPACE_DENIED), "{operation}: {}", answers[0]);
            for answer in &answers[1..] {
                assert_eq!(answer, &answers[0], "{operation} by {}", caller.principal);
            }
        }
    }
    // To whoever is in no way concerned, a workspace of the own account looks like that too.
    let nobody = house.user(people.nobody);
    for (operation, answers) in everywhere(&house, &nobody, &[absent, house.one.inside, house.one.default]) {
        assert_eq!(answers[1], answers[0], "{operation}");
        assert_eq!(answers[2], answers[0], "{operation}");
    }
}

/// Nor does `explain`, which everybody may ask about oneself, tell an outsider more; those who see the workspace get
/// every check.
#[test]
fn rule_8_an_explanation_tells_no_more_than_the_refusal() {
    let house = House::new();
    let people = &house.one.people;
    let absent = WorkspaceId::random(&house.entropy);
    let explain = |caller: &Caller, about: UserId, action: &str, place: WorkspaceId| {
        let asked = Asked { action: Some(action), ..question(Principal::User(about), Some(place)) };
        format!("{:?}", house.directory.explain(caller, &asked)).replace(&place.to_string(), "<workspace>")
    };
    for action in ["sfm:CreateIndex", "modelstudio:ListMembers", "modelstudio:UpdateModelPermissions"] {
        let caller = house.user(people.nobody);
        for place in [house.one.inside, house.one.default, house.two.inside] {
            let answer = explain(&caller, people.nobody, action, place);
            assert_eq!(answer, explain(&caller, people.nobody, action, absent), "{action}");
        }
    }
    let management = house.user(people.management);
    let answer = explain(&management, people.nobody, "sfm:CreateIndex", house.one.inside);
    assert!(answer.contains("no RAM policy allows the action"), "{answer}");
}

/// A new operation on a workspace must be asked above.
#[test]
fn every_operation_on_a_workspace_is_asked() {
    let house = House::new();
    let root = house.caller(&house.one, Principal::Root);
    let mut asked: Vec<_> = everywhere(&house, &root, &[]).into_iter().map(|(name, _)| name).collect();
    let mut table: Vec<_> = OPERATIONS
        .iter()
        .filter(|entry| matches!(entry.scope, ScopeKind::Workspace | ScopeKind::Seat))
        .map(|entry| entry.name)
        .collect();
    asked.sort_unstable();
    table.sort_unstable();
    assert_eq!(asked, table);
}

#[test]
fn who_sees_a_workspace_is_root_management_and_its_members() {
    let house = House::new();
    let people = &house.one.people;
    let sees = |user| house.directory.sees::<GetMember>(&house.user(user), house.one.inside);
    assert!(sees(people.management) && sees(people.member) && !sees(people.nobody) && !sees(people.ram));
    let root = house.caller(&house.one, Principal::Root);
    assert!(house.directory.sees::<GetMember>(&root, house.one.beside));
    assert!(!house.directory.sees::<GetMember>(&root, house.two.beside));
    let stranger = house.user(people.management);
    assert!(!house.directory.sees::<GetMember>(&stranger, house.two.inside));
}
