/**
 * Command line, run in the cluster's network: the public half of a token issuer – its metadata, and its keys from a file
 * that may change meanwhile. Usage: node issuer-server.ts ADDRESS PORT ISSUER KEYS_FILE
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [address = '', port = '', issuer = '', keys = ''] = process.argv.slice(2);
if (keys === '') throw new Error('usage: node issuer-server.ts ADDRESS PORT ISSUER KEYS_FILE');

const metadata = JSON.stringify({
  issuer,
  jwks_uri: `${issuer}/keys`,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  response_types_supported: ['code'],
  code_challenge_methods_supported: ['S256'],
});
const answers: Readonly<Record<string, () => string>> = {
  '/.well-known/openid-configuration': () => metadata,
  '/.well-known/oauth-authorization-server': () => metadata,
  '/keys': () => readFileSync(keys, 'utf8'),
};

createServer(({ url = '' }, response) => {
  const answer = answers[url];
  response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' }).end(answer?.() ?? '{}');
}).listen(Number(port), address, () => process.stdout.write('listening\n'));
