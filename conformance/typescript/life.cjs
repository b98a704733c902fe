// Leads a user, an access key and a policy through their lives with the official TypeScript client, and prints what each call
// answered as one JSON object. Where the caller is and what it signs with come from the environment, which no list of processes shows.
"use strict";

const Ram = require("@alicloud/ram20150501");

const { BAILEY_CONTROL, BAILEY_ACCESS_KEY_ID, BAILEY_ACCESS_KEY_SECRET } = process.env;

function client(accessKeyId, accessKeySecret) {
  return new Ram.default({ accessKeyId, accessKeySecret, endpoint: BAILEY_CONTROL, protocol: "http", regionId: "local" });
}

/** What a call answered, or why it was refused. */
async function told(call) {
  try {
    return (await call).body;
  } catch (error) {
    return { code: error.code, status: error.statusCode, message: error.message };
  }
}

async function main() {
  const root = client(BAILEY_ACCESS_KEY_ID, BAILEY_ACCESS_KEY_SECRET);
  const [userName, policyName, policyType] = ["typescript-user", "typescript-policy", "Custom"];
  // Characters that this client writes bare, and others that it escapes.
  const comments = "a b+c*~é/'!()研发";
  const policyDocument = JSON.stringify({ Version: "1", Statement: [{ Effect: "Allow", Action: "ram:ListUsers", Resource: "*" }] });

  const answers = {};
  answers.created = await told(root.createUser(new Ram.CreateUserRequest({ userName, comments })));
  answers.read = await told(root.getUser(new Ram.GetUserRequest({ userName })));
  answers.taken = await told(root.createUser(new Ram.CreateUserRequest({ userName })));
  answers.key = await told(root.createAccessKey(new Ram.CreateAccessKeyRequest({ userName })));
  const userAccessKeyId = answers.key.accessKey.accessKeyId;
  const user = client(userAccessKeyId, answers.key.accessKey.accessKeySecret);

  answers.notYet = await told(user.listUsers(new Ram.ListUsersRequest({ maxItems: 1 })));
  answers.policy = await told(root.createPolicy(new Ram.CreatePolicyRequest({ policyName, policyDocument })));
  const attachment = { policyName, policyType, userName };
  answers.attached = await told(root.attachPolicyToUser(new Ram.AttachPolicyToUserRequest(attachment)));
  answers.allowed = await told(user.listUsers(new Ram.ListUsersRequest({ maxItems: 1 })));
  answers.policies = await told(root.listPoliciesForUser(new Ram.ListPoliciesForUserRequest({ userName })));
  answers.detached = await told(root.detachPolicyFromUser(new Ram.DetachPolicyFromUserRequest(attachment)));
  answers.noMore = await told(user.listUsers(new Ram.ListUsersRequest({ maxItems: 1 })));

  const off = { userName, userAccessKeyId, status: "Inactive" };
  answers.off = await told(root.updateAccessKey(new Ram.UpdateAccessKeyRequest(off)));
  answers.disabled = await told(user.listUsers(new Ram.ListUsersRequest({})));
  answers.keyDeleted = await told(root.deleteAccessKey(new Ram.DeleteAccessKeyRequest({ userName, userAccessKeyId })));
  answers.policyDeleted = await told(root.deletePolicy(new Ram.DeletePolicyRequest({ policyName })));
  answers.userDeleted = await told(root.deleteUser(new Ram.DeleteUserRequest({ userName })));
  answers.gone = await told(root.getUser(new Ram.GetUserRequest({ userName })));

  const impostor = client(BAILEY_ACCESS_KEY_ID, "not-the-secret");
  answers.impostor = await told(impostor.listUsers(new Ram.ListUsersRequest({})));
  console.log(JSON.stringify(answers));
}

main();
