/**
 * A hosted API in front of a model engine, as a company would run one: it asks for a
 * key, forwards what it knows and refuses the rest. Stands for an External backend in
 * tests. Usage: node gateway.ts ADDRESS PORT UPSTREAM KEY
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import express, { type NextFunction, type Request, type Response } from 'express';
import { request } from 'undici';

const [address = '', port = '', upstream = '', key = ''] = process.argv.slice(2);
if (key === '') throw new Error('usage: node gateway.ts ADDRESS PORT UPSTREAM KEY');

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const error = (message: string, type: string) => ({ error: { message, type } });

function authenticate(req: Request, res: Response, next: NextFunction): void {
  const given = req.get('authorization') ?? '';
  if (timingSafeEqual(digest(given), digest(`Bearer ${key}`))) next();
  else res.status(401).json(error('Incorrect API key provided.', 'invalid_request_error'));
}

async function forward(req: Request, res: Response): Promise<void> {
  const answer = await request(`${upstream}${req.path}`, {
    method: req.method === 'GET' ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json' },
    body: req.method === 'GET' ? null : JSON.stringify(req.body),
  });
  res.status(answer.statusCode).type(String(answer.headers['content-type'] ?? 'application/json'));
  answer.body.pipe(res);
}

const app = express();
app.disable('x-powered-by');
app.use(authenticate);
app.get('/v1/models', forward);
app.post(['/v1/chat/completions', '/v1/completions', '/v1/embeddings'], express.json({ limit: '1mb' }), forward);
app.use((_req, res) => {
  res.status(404).json(error('Unknown route.', 'invalid_request_error'));
});
app.listen(Number(port), address, () => process.stdout.write('listening\n'));
