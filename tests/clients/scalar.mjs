// scalar.mjs DOCUMENT SESSIONS: validates an OpenAPI document as Scalar does, and a response of the list of sessions by its schema,
// with the validator that Scalar uses.
import { readFileSync } from 'node:fs';
import { validate } from '@scalar/openapi-parser';
import addFormats from 'ajv-formats';
import Ajv2020 from 'ajv/dist/2020.js';

const [document, sessions] = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')));
const { valid, errors } = await validate(document);

const ajv = new Ajv2020({ allErrors: true, strict: false });
addFormats(ajv);
ajv.addSchema(document, 'document');
for (const name of Object.keys(document.components.schemas)) ajv.compile({ $ref: `document#/components/schemas/${name}` });
const isSession = ajv.getSchema('document#/components/schemas/SessionRead');
const problems = sessions.flatMap((session) => (isSession(session) ? [] : isSession.errors));

if (!valid || problems.length > 0 || sessions.length === 0) {
  console.error(JSON.stringify({ errors, problems, sessions: sessions.length }, null, 1));
  process.exit(1);
}
