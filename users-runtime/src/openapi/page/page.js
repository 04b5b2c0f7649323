// Lists the operations of openapi.json. Everything is set as text, so nothing in the document can become markup.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];

function element(name, text, className) {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

function table(headings, rows) {
  const node = element("table");
  const head = element("tr");
  for (const heading of headings) head.append(element("th", heading));
  node.append(head);
  for (const cells of rows) {
    const row = element("tr");
    for (const [index, text] of cells.entries()) {
      const cell = element("td");
      cell.append(index === 0 ? element("code", text) : document.createTextNode(text));
      row.append(cell);
    }
    node.append(row);
  }
  return node;
}

function resolve(api, schema) {
  const prefix = "#/components/schemas/";
  const ref = schema && schema.$ref;
  return ref && ref.startsWith(prefix) ? api.components.schemas[ref.slice(prefix.length)] : schema || {};
}

function nameOf(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(nameOf).join(" or ");
  if (schema.enum) return schema.enum.map((word) => JSON.stringify(word)).join(" or ");
  const type = Array.isArray(schema.type) ? schema.type.join(" or ") : schema.type || "anything";
  return schema.format ? `${type} (${schema.format})` : type;
}

function fieldsOf(schema) {
  const required = schema.required || [];
  return Object.entries(schema.properties || {}).map(([name, field]) => [
    name,
    nameOf(field),
    required.includes(name) ? "required" : "",
    field.description || "",
  ]);
}

function responsesOf(responses) {
  return Object.entries(responses).map(([status, response]) => {
    const json = (response.content || {})["application/json"] || {};
    const schema = json.schema && json.schema.$ref ? nameOf(json.schema) : "";
    const codes = Object.keys(json.examples || {}).join(", ");
    return [status, response.description || "", [schema, codes].filter(Boolean).join(": ")];
  });
}

function show(api, path, method, operation) {
  const node = element("details");
  const line = element("summary");
  line.append(element("span", method.toUpperCase(), "method"), element("code", path));
  line.append(document.createTextNode(` ${operation.summary || ""}`));
  if (operation.security && operation.security.length) line.append(element("span", "needs a login", "lock"));
  node.append(line);
  for (const [type, content] of Object.entries((operation.requestBody || {}).content || {})) {
    node.append(element("h3", `Body: ${type}`));
    node.append(table(["field", "type", "", "meaning"], fieldsOf(resolve(api, content.schema))));
  }
  node.append(element("h3", "Responses"));
  node.append(table(["status", "meaning", "body"], responsesOf(operation.responses || {})));
  return node;
}

async function main() {
  const target = document.getElementById("operations");
  try {
    const response = await fetch("openapi.json");
    if (!response.ok) throw new Error(`openapi.json returned ${response.status}`);
    const api = await response.json();
    document.title = api.info.title;
    document.getElementById("title").textContent = api.info.title;
    const groups = new Map();
    for (const [path, item] of Object.entries(api.paths)) {
      for (const method of METHODS.filter((name) => item[name])) {
        const tag = (item[method].tags || ["other"])[0];
        if (!groups.has(tag)) groups.set(tag, []);
        groups.get(tag).push(show(api, path, method, item[method]));
      }
    }
    for (const [tag, operations] of groups) target.append(element("h2", tag), ...operations);
  } catch (error) {
    target.append(element("p", `The document cannot be shown: ${error.message}`, "error"));
  }
}

main();
