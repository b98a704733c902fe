// Leads users, groups, roles, policies and what belongs to them through their lives with the official TypeScript client, and prints what
// each call answered as one JSON object. Where the caller is and what it signs with come from the environment, which no list of
// processes shows.
"use strict";

const { createHmac } = require("node:crypto");
const Ram = require("@alicloud/ram20150501");

const { BAILEY_CONTROL, BAILEY_ACCESS_KEY_ID, BAILEY_ACCESS_KEY_SECRET } = process.env;
const { BAILEY_PASSWORD, BAILEY_OTHER_PASSWORD } = process.env;

/** Every call so far: its action, and what it was refused with, if it was. */
const calls = [];

/** A client that notes its calls. */
function client(accessKeyId, accessKeySecret) {
  const made = new Ram.default({ accessKeyId, accessKeySecret, endpoint: BAILEY_CONTROL, protocol: "http", regionId: "local" });
  const send = made.callApi.bind(made);
  made.callApi = async (params, request, runtime) => {
    try {
      const answer = await send(params, request, runtime);
      calls.push({ action: params.action });
      return answer;
    } catch (error) {
      calls.push({ action: params.action, code: error.code, status: error.statusCode, message: error.data?.Message });
      throw error;
    }
  };
  return made;
}

const root = client(BAILEY_ACCESS_KEY_ID, BAILEY_ACCESS_KEY_SECRET);

/** What a call answered, or why it was refused. The request's type follows from the method's name. */
async function told(method, parameters, caller = root) {
  const type = Ram[`${method[0].toUpperCase()}${method.slice(1)}Request`];
  try {
    return (await (type ? caller[method](new type(parameters ?? {})) : caller[method]())).body;
  } catch (error) {
    return { code: error.code, status: error.statusCode, message: error.message, data: error.data };
  }
}

/** All rows of a list that comes in pages. */
async function paged(method, parameters, rows) {
  const [found, pages] = [[], []];
  for (let marker; ; ) {
    const page = await told(method, { ...parameters, maxItems: 2, marker });
    if (page.code) return page;
    found.push(...rows(page));
    pages.push(rows(page).length);
    if (!page.isTruncated) return { requestId: page.requestId, found, pages };
    marker = page.marker;
  }
}

/** The code that an authenticator app shows (RFC 6238). */
function totp(seed, step) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...seed].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac("sha1", key).update(counter).digest();
  const number = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

const document = (action) => JSON.stringify({ Version: "1", Statement: [{ Effect: "Allow", Action: action, Resource: "*" }] });
const TRUST = JSON.stringify({
  Version: "1", Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: ["ecs.aliyuncs.com"] } }],
});
// Characters that this client writes bare, and others that it escapes.
const ODD = "a b+c*~é/'!()研发";
const NAME = "typescript";

/** A user, an access key, and a policy that opens something and closes it again. */
async function permissions(answers) {
  const [userName, policyName, policyType] = [`${NAME}-user`, `${NAME}-policy`, "Custom"];
  answers.created = await told("createUser", { userName, comments: ODD });
  answers.read = await told("getUser", { userName });
  answers.taken = await told("createUser", { userName });
  answers.key = await told("createAccessKey", { userName });
  const userAccessKeyId = answers.key.accessKey.accessKeyId;
  const user = client(userAccessKeyId, answers.key.accessKey.accessKeySecret);
  answers.unused = await told("getAccessKeyLastUsed", { userName, userAccessKeyId });

  answers.notYet = await told("listUsers", { maxItems: 1 }, user);
  answers.decoded = await told("decodeDiagnosticMessage", {
    encodedDiagnosticMessage: answers.notYet.data.AccessDeniedDetail.EncodedDiagnosticMessage,
  });
  answers.policy = await told("createPolicy", { policyName, policyDocument: document("ram:ListUsers") });
  const attachment = { policyName, policyType, userName };
  answers.attached = await told("attachPolicyToUser", attachment);
  answers.allowed = await told("listUsers", { maxItems: 1 }, user);
  answers.policies = await told("listPoliciesForUser", { userName });
  answers.entities = await told("listEntitiesForPolicy", { policyName, policyType });
  answers.detached = await told("detachPolicyFromUser", attachment);
  answers.noMore = await told("listUsers", { maxItems: 1 }, user);

  answers.off = await told("updateAccessKey", { userName, userAccessKeyId, status: "Inactive" });
  answers.keys = await told("listAccessKeys", { userName });
  answers.disabled = await told("listUsers", {}, user);
  answers.keyDeleted = await told("deleteAccessKey", { userName, userAccessKeyId });
  answers.policyDeleted = await told("deletePolicy", { policyName });
  answers.renamed = await told("updateUser", { userName, newUserName: `${userName}-2`, newComments: "" });
  answers.userDeleted = await told("deleteUser", { userName: `${userName}-2` });
  answers.gone = await told("getUser", { userName });
}

/** A policy with versions, the oldest of which makes room. */
async function versions(answers) {
  const [policyName, policyType] = [`${NAME}-versions`, "Custom"];
  await told("createPolicy", { policyName, policyDocument: document("ram:GetUser"), description: ODD });
  for (let number = 2; number <= 5; number += 1) {
    answers[`v${number}`] = await told("createPolicyVersion", { policyName, policyDocument: document(`ram:Get${number}`) });
  }
  answers.full = await told("createPolicyVersion", { policyName, policyDocument: document("ram:Get6") });
  answers.v6 = await told("createPolicyVersion", {
    policyName, policyDocument: document("ram:Get6"), setAsDefault: true, rotateStrategy: "DeleteOldestNonDefaultVersionWhenLimitExceeded",
  });
  answers.rotated = await told("listPolicyVersions", { policyName, policyType });
  answers.version = await told("getPolicyVersion", { policyName, policyType, versionId: "v6" });
  answers.default = await told("setDefaultPolicyVersion", { policyName, versionId: "v5" });
  answers.versionDeleted = await told("deletePolicyVersion", { policyName, versionId: "v6" });
  answers.described = await told("updatePolicyDescription", { policyName, newDescription: "told anew" });
  answers.policyRead = await told("getPolicy", { policyName, policyType });
  answers.policyList = await paged("listPolicies", { policyType }, (page) => page.policies.policy.map((policy) => policy.policyName));
  answers.hasVersions = await told("deletePolicy", { policyName });
  answers.cascaded = await told("deletePolicy", { policyName, cascadingDelete: true });
}

/** Groups and who is in them. */
async function groups(answers) {
  const names = [1, 2, 3].map((number) => `${NAME}-group-${number}`);
  const users = [1, 2, 3].map((number) => `${NAME}-member-${number}`);
  for (const groupName of names) answers[groupName] = await told("createGroup", { groupName, comments: ODD });
  for (const userName of users) await told("createUser", { userName });
  const [groupName] = names;
  answers.groupRead = await told("getGroup", { groupName });
  answers.groupList = await paged("listGroups", {}, (page) => page.groups.group.map((group) => group.groupName));
  for (const userName of users) answers[`joined ${userName}`] = await told("addUserToGroup", { userName, groupName });
  answers.members = await paged("listUsersForGroup", { groupName }, (page) => page.users.user.map((user) => user.userName));
  answers.userList = await paged("listUsers", {}, (page) => page.users.user.map((user) => user.userName));
  answers.groupsOf = await told("listGroupsForUser", { userName: users[0] });
  const attachment = { policyName: "AliyunRAMReadOnlyAccess", policyType: "System", groupName };
  answers.groupAttached = await told("attachPolicyToGroup", attachment);
  answers.groupPolicies = await told("listPoliciesForGroup", { groupName });
  answers.groupFull = await told("deleteGroup", { groupName });
  for (const userName of users) {
    answers[`left ${userName}`] = await told("removeUserFromGroup", { userName, groupName });
    await told("deleteUser", { userName });
  }
  answers.groupDetached = await told("detachPolicyFromGroup", attachment);
  answers.groupRenamed = await told("updateGroup", { groupName, newGroupName: `${groupName}-new` });
  for (const name of [`${groupName}-new`, ...names.slice(1)]) answers[`deleted ${name}`] = await told("deleteGroup", { groupName: name });
  answers.groupGone = await told("getGroup", { groupName });
}

/** Roles, their policies and their tags. */
async function roles(answers) {
  const names = [1, 2, 3].map((number) => `${NAME}-role-${number}`);
  for (const roleName of names) {
    answers[roleName] = await told("createRole", { roleName, assumeRolePolicyDocument: TRUST, maxSessionDuration: 7200 });
  }
  const [roleName] = names;
  answers.roleChanged = await told("updateRole", { roleName, newDescription: ODD });
  answers.roleRead = await told("getRole", { roleName });
  answers.roleList = await paged("listRoles", {}, (page) => page.roles.role.map((role) => role.roleName));
  const attachment = { policyName: "AliyunRAMReadOnlyAccess", policyType: "System", roleName };
  answers.roleAttached = await told("attachPolicyToRole", attachment);
  answers.rolePolicies = await told("listPoliciesForRole", { roleName });
  answers.roleHolds = await told("deleteRole", { roleName });
  answers.roleDetached = await told("detachPolicyFromRole", attachment);
  const of = { resourceType: "role", resourceNames: [roleName] };
  answers.tagged = await told("tagResources", { ...of, tag: [{ key: "team", value: "研发" }, { key: "stage", value: "" }] });
  answers.tags = await told("listTagResources", of);
  answers.untagged = await told("untagResources", { ...of, tagKeys: ["stage"] });
  answers.tagsLeft = await told("listTagResources", of);
  for (const name of names) answers[`deleted ${name}`] = await told("deleteRole", { roleName: name });
  answers.roleGone = await told("getRole", { roleName });
}

/** Passwords and MFA devices, and the account's rules about both. */
async function logins(answers) {
  const userName = `${NAME}-login`;
  await told("createUser", { userName });
  answers.loginKey = await told("createAccessKey", { userName });
  const user = client(answers.loginKey.accessKey.accessKeyId, answers.loginKey.accessKey.accessKeySecret);
  answers.profile = await told("createLoginProfile", { userName, password: BAILEY_PASSWORD, passwordResetRequired: true });
  answers.profileRead = await told("getLoginProfile", { userName });
  answers.profileChanged = await told("updateLoginProfile", { userName, passwordResetRequired: false });
  answers.passwordChanged = await told("changePassword", { oldPassword: BAILEY_PASSWORD, newPassword: BAILEY_OTHER_PASSWORD }, user);
  answers.passwordWrong = await told("changePassword", { oldPassword: BAILEY_PASSWORD, newPassword: BAILEY_OTHER_PASSWORD }, user);

  answers.device = await told("createVirtualMFADevice", { virtualMFADeviceName: userName });
  const { serialNumber, base32StringSeed } = answers.device.virtualMFADevice;
  const step = Math.floor(Date.now() / 30_000);
  const [authenticationCode1, authenticationCode2] = [step - 1, step].map((one) => totp(base32StringSeed, one));
  answers.bound = await told("bindMFADevice", { userName, serialNumber, authenticationCode1, authenticationCode2 });
  answers.device2 = await told("getUserMFAInfo", { userName });
  answers.devices = await told("listVirtualMFADevices");
  answers.deviceBound = await told("deleteVirtualMFADevice", { serialNumber });
  answers.unbound = await told("unbindMFADevice", { userName });
  answers.deviceDeleted = await told("deleteVirtualMFADevice", { serialNumber });
  answers.profileDeleted = await told("deleteLoginProfile", { userName });
  await told("deleteAccessKey", { userName, userAccessKeyId: answers.loginKey.accessKey.accessKeyId });
  await told("deleteUser", { userName });

  answers.aliasSet = await told("setAccountAlias", { accountAlias: NAME });
  answers.alias = await told("getAccountAlias");
  answers.aliasCleared = await told("clearAccountAlias");
  answers.ruleSet = await told("setPasswordPolicy", { minimumPasswordLength: 10 });
  answers.rule = await told("getPasswordPolicy");
  answers.ruleReset = await told("setPasswordPolicy", {});
  answers.preferenceSet = await told("setSecurityPreference", { loginSessionDuration: 4 });
  answers.preference = await told("getSecurityPreference");
  answers.preferenceReset = await told("setSecurityPreference", { loginSessionDuration: 6 });
}

async function main() {
  const answers = {};
  for (const life of [permissions, versions, groups, roles, logins]) await life(answers);
  answers.impostor = await told("listUsers", {}, client(BAILEY_ACCESS_KEY_ID, "not-the-secret"));
  const has = Object.getOwnPropertyNames(Ram.default.prototype).filter((name) => name.endsWith("WithOptions"));
  console.log(JSON.stringify({ answers, calls, methods: has.map((name) => name.slice(0, -"WithOptions".length)) }));
}

main();
