// Calls models with the official `openai` client for Node.js, and prints what each call answered, or the exception that it raised, as one
// JSON object. What to call, and with which keys, comes by the input.
"use strict";

const { readFileSync } = require("node:fs");
const OpenAI = require("openai");

const given = JSON.parse(readFileSync(0, "utf8"));
const { chat, embedding, picture, tool, parameters } = given;
const hello = [{ role: "user", content: "hello there" }];
const chatTools = [{ type: "function", function: { name: tool, parameters } }];
const responseTools = [{ type: "function", name: tool, parameters, strict: false }];

/** A client that does not retry. */
function client(apiKey = given.key, more = {}) {
  return new OpenAI({ apiKey, baseURL: given.baseUrl, maxRetries: 0, timeout: 20_000, ...more });
}

const good = client();

/** Everything that a stream holds. */
async function all(stream) {
  const items = [];
  for await (const item of await stream) items.push(item);
  return items;
}

/** The exception that a call raises. */
async function refusal(call) {
  try {
    await call();
    return { exception: null };
  } catch (error) {
    const name = Object.keys(OpenAI).find((name) => OpenAI[name] === error.constructor);
    const headers = Object.fromEntries(error.headers ?? []);
    return { exception: name, status: error.status, code: error.code, body: error.error, requestId: error.requestID, headers };
  }
}

/** A chat with a tool, and what is answered to the tool's result. */
async function chatWithTool(stream) {
  const asked = { model: chat, messages: hello, tools: chatTools };
  const answer = stream ? await good.chat.completions.stream(asked).finalChatCompletion() : await good.chat.completions.create(asked);
  const { finish_reason: finish, message } = answer.choices[0];
  const [{ id, type, function: { name, arguments: text } }] = message.tool_calls;
  const call = { id, type, function: { name, arguments: text } };
  const said = [{ role: "assistant", content: null, tool_calls: [call] }, { role: "tool", tool_call_id: id, content: "sunny" }];
  const after = await good.chat.completions.create({ ...asked, messages: [...hello, ...said] });
  return { finish, id, name, arguments: text, after: after.choices[0].message.content };
}

/** The same with the newer interface. */
async function responseWithTool(stream) {
  const asked = { model: chat, input: "hello", tools: responseTools };
  const answer = stream ? await good.responses.stream(asked).finalResponse() : await good.responses.create(asked);
  const { call_id: id, name, arguments: text } = answer.output.find((item) => item.type === "function_call");
  const call = { type: "function_call", call_id: id, name, arguments: text };
  const input = [{ role: "user", content: "hello" }, call, { type: "function_call_output", call_id: id, output: "sunny" }];
  return { finish: answer.status, id, name, arguments: text, after: (await good.responses.create({ ...asked, input })).output_text };
}

async function main() {
  const look = [{ type: "text", text: "look" }, { type: "image_url", image_url: { url: picture } }];
  const lookAnew = [{ type: "input_text", text: "look" }, { type: "input_image", image_url: picture, detail: "auto" }];
  const usage = { include_usage: true };
  const answers = {
    whole: await good.chat.completions.create({ model: chat, messages: hello }),
    streamed: await all(good.chat.completions.create({ model: chat, messages: hello, stream: true, stream_options: usage })),
    tool: await chatWithTool(false),
    streamedTool: await chatWithTool(true),
    picture: await good.chat.completions.create({ model: chat, messages: [{ role: "user", content: look }] }),
    response: await good.responses.create({ model: chat, input: "hello there" }),
    streamedResponse: await all(good.responses.create({ model: chat, input: "hello there", stream: true })),
    responseTool: await responseWithTool(false),
    streamedResponseTool: await responseWithTool(true),
    responsePicture: await good.responses.create({ model: chat, input: [{ role: "user", content: lookAnew }] }),
    embeddings: await good.embeddings.create({ model: embedding, input: ["one", "two"] }),
    floats: await good.embeddings.create({ model: embedding, input: "one", encoding_format: "float" }),
    models: await all(client(given.narrowKey).models.list()),
    temporary: await client(given.temporaryKey).chat.completions.create({ model: chat, messages: hello }),
  };
  const refusals = {};
  for (const { name, key, model, headers, stream } of given.refused) {
    const caller = client(key, { defaultHeaders: headers });
    refusals[name] = await refusal(() => caller.chat.completions.create({ model, messages: hello, stream }));
  }
  console.log(JSON.stringify({ answers, refusals }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
