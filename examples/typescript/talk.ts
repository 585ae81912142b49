// npm install standardwebhooks && npm pkg set type=module
// On the machine of Tallyroom: TALLYROOM_URL=http://127.0.0.1:PORT TALLYROOM_KEY=… node talk.ts
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

const { TALLYROOM_URL, TALLYROOM_KEY } = process.env;
const headers = { Authorization: `Bearer ${TALLYROOM_KEY}`, "Content-Type": "application/json" };

async function post(path: string, body: object): Promise<any> {
  const request = { method: "POST", headers, body: JSON.stringify(body) };
  const answer = await fetch(`${TALLYROOM_URL}/api/v1${path}`, request);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

const server = createServer(async (request, response) => {
  let event: any;
  try {
    const body = Buffer.concat(await request.toArray()); // throws if the client hangs up
    event = webhook.verify(body, request.headers as Record<string, string>);
  } catch { return response.writeHead(401).end(); }
  response.writeHead(204).end();
  const entry = event.data.entry;
  if (entry?.party === "buyer") console.log(entry.display_name, "says:", entry.text);
});
await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const webhook = new Webhook((await post("/webhooks", { url, types: ["entry.created"] })).secret);

const plank = { description: "Oak plank", quantity: "10", unit_price: "45.00",
                vat: { category: "S", rate: "20" } };
const order = await post("/transactions", {
  external_id: "order-1002", buyer: { name: "Birch GmbH" }, seller: { name: "Acme Ltd" },
  invoice: { number: "43", issue_date: "2026-06-01", currency: "EUR", lines: [plank] } });
await post(`/transactions/${order.id}/messages`, { text: "Thank you! Do you have a question?" });
const link = await post(`/transactions/${order.id}/links`, { party: "buyer" });
console.log("The buyer answers here:", link.url);
