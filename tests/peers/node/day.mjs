// A day's work with @canonical/jujulib, unmodified, as a browser's page does it: logged in by the cookie of the websocket.
//
// The day is told in the variable PEERS, one line of JSON is printed for every command (see ../python/steps.py).

import { appendFileSync, readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import websocket from "websocket";
import * as jujulib from "@canonical/jujulib";
import Application from "@canonical/jujulib/dist/api/facades/application/index.js";
import ApplicationOffers from "@canonical/jujulib/dist/api/facades/application-offers/index.js";
import Client from "@canonical/jujulib/dist/api/facades/client/index.js";
import Cloud from "@canonical/jujulib/dist/api/facades/cloud/index.js";
import Controller from "@canonical/jujulib/dist/api/facades/controller/index.js";
import ModelConfig from "@canonical/jujulib/dist/api/facades/model-config/index.js";
import ModelManager from "@canonical/jujulib/dist/api/facades/model-manager/index.js";
import ModelSummaryWatcher from "@canonical/jujulib/dist/api/facades/model-summary-watcher/index.js";

const day = JSON.parse(process.env.PEERS);
const me = day.admin.user;
const facades = [
  Application, ApplicationOffers, Client, Cloud, Controller, ModelConfig, ModelManager, ModelSummaryWatcher,
];
const open = [];

const say = (command, result, detail = "") => {
  const line = { command, result, detail: `${detail}`.split(/\s+/).join(" ").slice(0, 2000) };
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

// Waits for what comes by itself.
const until = async (truth, told) => {
  const end = Date.now() + day.patience * 1000;
  while (!(await truth())) {
    if (Date.now() > end) throw new Error(`${told}, after ${day.patience} s`);
    await new Promise((later) => setTimeout(later, 50));
  }
};

class Absent extends Error {}

const check = (truth, told) => {
  if (!truth) throw new Error(`not as it should be: ${JSON.stringify(told)}`);
};

const step = async (command, body) => {
  try {
    await body();
    say(command, "ok");
  } catch (error) {
    if (error instanceof Absent) say(command, "absent", error.message);
    else say(command, "failed", error?.stack ?? JSON.stringify(error));
  }
};

const refused = async (command, body, text) => {
  try {
    await body();
    say(command, "failed", "it was not refused");
  } catch (error) {
    const told = `${error?.message ?? JSON.stringify(error)}`;
    say(command, told.includes(text) ? "refused" : "failed", told);
  }
};

// A browser's websocket: it brings the page's origin and cookies, and nothing else can be said with its handshake.
const browser = (cookie) =>
  class extends websocket.w3cwebsocket {
    constructor(url) {
      super(url, undefined, `https://${day.endpoint}`, cookie ? { cookie } : {});
    }
    send(message) {
      if (day.record) appendFileSync(day.record, `${JSON.stringify(message)}\n`);
      super.send(message);
    }
  };

const connect = async (path, { cookie, credentials }) => {
  const options = { facades, wsclass: browser(cookie), loginWithSessionCookie: Boolean(cookie), closeCallback: () => {} };
  const { conn, logout } = await jujulib.connectAndLogin(`wss://${day.endpoint}${path}`, options, credentials);
  open.push(logout);
  return conn;
};

const byCookie = { cookie: day.cookie };
const byToken = (who) => ({ credentials: { username: who.user, password: who.password } });
const one = (answer) => {
  check(answer.results?.length === 1, answer);
  if (answer.results[0].error) throw new Error(answer.results[0].error.message);
  return answer.results[0];
};

let conn, model, uuid, branch;

await step("log in", async () => {
  conn = await connect("/api", byCookie);
  check(conn.info.user.identity === `user-${me}`, conn.info.user);
  const reader = await connect("/api", byToken(day.reader));
  check(reader.info.user.identity === `user-${day.reader.user}`, reader.info.user);
});
await refused(
  "log in with a wrong secret",
  () => connect("/api", { credentials: { username: me, password: "wrong" } }),
  "Have you been granted permission",
);
await step("clouds", async () => {
  const { clouds } = await conn.facades.cloud.clouds();
  check(clouds[`cloud-${day.cloud}`], clouds);
  const cloud = one(await conn.facades.cloud.cloud({ entities: [{ tag: `cloud-${day.cloud}` }] }));
  check(cloud.cloud.type === day.cloud_type, cloud);
});
const credential = `cloudcred-${day.cloud}_${me}_default`;
await step("add a credential", async () => {
  const userpass = { "auth-type": "userpass", attrs: { username: "u", password: "p" } };
  const secret = day.cloud_type === "lxd" ? userpass : { "auth-type": "empty", attrs: {} };
  const credentials = [{ tag: credential, credential: secret }];
  one(await conn.facades.cloud.updateCredentialsCheckModels({ credentials, force: false }));
});
await step("credentials", async () => {
  const pairs = [{ "user-tag": `user-${me}`, "cloud-tag": `cloud-${day.cloud}` }];
  const told = one(await conn.facades.cloud.userCredentials({ "user-clouds": pairs }));
  check(told.result.includes(credential), told);
});
const add = async (name) => {
  const args = { name, "cloud-tag": `cloud-${day.cloud}`, credential, config: {}, region: "" };
  const made = await conn.facades.modelManager.createModel({ ...args, "owner-tag": `user-${me}`, qualifier: me });
  check(made.name === name, made);
  return made.uuid;
};
await step("add models", async () => {
  uuid = await add("shop");
  branch = await add("branch");
});
await step("list models", async () => {
  const listed = await conn.facades.modelManager.listModels({ tag: `user-${me}` });
  const names = listed["user-models"].map((it) => it.model.name).sort();
  check(names.join() === "branch,shop", names);
  const summaries = await conn.facades.modelManager.listModelSummaries({ "user-tag": `user-${me}`, all: true });
  check(summaries.results.some((it) => it.result.name === "shop"), summaries);
});
await step("show a model", async () => {
  const info = one(await conn.facades.modelManager.modelInfo({ entities: [{ tag: `model-${uuid}` }] }));
  check(info.result.name === "shop" && info.result.users.some((it) => it.user === me), info);
});
await step("connect to a model", async () => {
  model = await connect(`/model/${uuid}/api`, byCookie);
});
await step("status", async () => {
  const status = await model.facades.client.fullStatus({ patterns: [] });
  check(status.model.name === "shop", status);
});
await step("model config", async () => {
  await model.facades.modelConfig.modelSet({ config: { "update-status-hook-interval": "10m" } });
  const { config } = await model.facades.modelConfig.modelGet();
  check(config["update-status-hook-interval"].value === "10m", config);
});
await step("deploy a local charm", async () => {
  const body = readFileSync(day.charm);
  const hash = createHash("sha256").update(body).digest("hex").slice(0, 7);
  const authorization = `Basic ${Buffer.from(`:${day.admin.password}`).toString("base64")}`;
  const answer = await fetch(`https://${day.endpoint}/model-${uuid}/charms/rig-${hash}`, {
    method: "PUT",
    headers: { authorization, "content-type": "application/zip", "juju-curl": "local:rig-0" },
    body,
  });
  const said = await answer.json();
  check(answer.status === 200 && said["charm-url"], said);
  const base = { name: "ubuntu", channel: "24.04/stable" };
  const origin = { source: "local", type: "charm", architecture: "amd64", base };
  for (const application of ["web", "back"]) {
    const args = { application, "charm-url": said["charm-url"], "charm-origin": origin, "num-units": 1, channel: "" };
    one(await model.facades.application.deploy({ applications: [args] }));
  }
  const status = await model.facades.client.fullStatus({ patterns: [] });
  check(status.applications.web, status);
  if (!day.machines) return;
  await until(async () => {
    const { applications } = await model.facades.client.fullStatus({ patterns: [] });
    const units = Object.values(applications).flatMap((it) => Object.values(it.units ?? {}));
    return units.length === 2 && units.every((it) => it["workload-status"].status === "active");
  }, "the units are not active");
});
await step("configure an application", async () => {
  const args = [{ application: "web", config: { title: "tidy" }, "config-yaml": "", generation: "" }];
  one(await model.facades.application.setConfigs({ Args: args }));
  const told = await model.facades.application.get({ application: "web", branch: "" });
  check(told.config.title.value === "tidy", told);
});
await step("relate applications", async () => {
  await model.facades.application.addRelation({ endpoints: ["web:web", "back:back"] });
  const status = await model.facades.client.fullStatus({ patterns: [] });
  check(status.relations.length === 1, status.relations);
});
const access = async (action) => {
  const change = { "user-tag": `user-${day.reader.user}`, action, access: "read", "model-tag": `model-${uuid}` };
  one(await conn.facades.modelManager.modifyModelAccess({ changes: [change] }));
};
const readers = async () => {
  const reader = await connect("/api", byToken(day.reader));
  const listed = await reader.facades.modelManager.listModels({ tag: `user-${day.reader.user}` });
  return (listed["user-models"] ?? []).map((it) => it.model.name);
};
await step("grant a reader", async () => {
  await access("grant");
  check((await readers()).includes("shop"), "the reader does not see it");
});
await refused(
  "a reader writes",
  async () => {
    const reader = await connect(`/model/${uuid}/api`, byToken(day.reader));
    await reader.facades.modelConfig.modelSet({ config: { "update-status-hook-interval": "11m" } });
  },
  "permission denied",
);
await step("revoke", async () => {
  await access("revoke");
  check(!(await readers()).includes("shop"), "the reader still sees it");
});
await step("offer", async () => {
  const offer = {
    "model-tag": `model-${uuid}`, "offer-name": "front", "application-name": "web", "application-description": "",
    endpoints: { web: "web" }, "owner-tag": `user-${me}`,
  };
  one(await conn.facades.applicationOffers.offer({ Offers: [offer] }));
});
const filter = { "owner-name": me, "model-qualifier": me, "model-name": "shop", "offer-name": "front" };
await step("find offers", async () => {
  const found = await conn.facades.applicationOffers.findApplicationOffers({ Filters: [filter] });
  check(found.results?.[0]?.["offer-name"] === "front", found);
});
const offerUrl = `${me}/shop.front`;
await step("consume", async () => {
  const urls = { "offer-urls": { "offer-urls": [offerUrl], "bakery-version": 3 }, "user-tag": "" };
  const details = one(await conn.facades.applicationOffers.getConsumeDetails(urls));
  check(details.macaroon && details.offer["offer-name"] === "front", details);
  const there = await connect(`/model/${branch}/api`, byCookie);
  const args = { ...details.offer, "application-alias": "front", macaroon: details.macaroon };
  one(await there.facades.application.consume({ args: [{ ...args, "external-controller": details["external-controller"] }] }));
});
await step("remove an offer", async () => {
  const gone = await conn.facades.applicationOffers.destroyOffers({ "offer-urls": [offerUrl], force: true });
  check(!gone.results?.[0]?.error, gone);
  const found = await conn.facades.applicationOffers.listApplicationOffers({ Filters: [filter] });
  check(!found.results?.length, found);
});
await step("debug log", async () => {
  throw new Absent("this library speaks no streams");
});
await step("watch summaries", async () => {
  const watcher = conn.facades.modelSummaryWatcher;
  if (!watcher) throw new Absent("the broker does not list the watcher");
  const { "watcher-id": id } = await conn.facades.controller.watchModelSummaries();
  const { models } = await new Promise((resolve, reject) => {
    conn.transport.write({ type: "ModelSummaryWatcher", request: "Next", version: 1, id, params: {} }, resolve, reject);
  });
  check(models.length > 0, models);
});
await step("destroy models", async () => {
  const gone = [branch, uuid].map((it) => ({ "model-tag": `model-${it}`, "destroy-storage": true }));
  const answer = await conn.facades.modelManager.destroyModels({ models: gone });
  check(answer.results.every((it) => !it.error), answer);
  await until(async () => {
    const listed = await conn.facades.modelManager.listModels({ tag: `user-${me}` });
    return !listed["user-models"]?.length;
  }, "they are still there");
});
await refused("a model that is gone", () => connect(`/model/${uuid}/api`, byCookie), "model not found");
open.forEach((logout) => logout());
// Those that were refused are still open, until the broker waits for their login no longer.
process.exit(0);
