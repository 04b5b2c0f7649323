// Every operation of fastapi-users as its front ends call them, by openapi-fetch with the types of openapi-typescript.
import createClient from 'openapi-fetch';
import type { components, paths } from './generated/openapi_typescript';

type UserCreate = components['schemas']['UserCreate'];
type UserRead = components['schemas']['UserRead'];
type UserUpdate = components['schemas']['UserUpdate'];

const credentials = { username: 'king.arthur@camelot.bt', password: 'a long sword of steel', scope: '' };
const registration: UserCreate = { email: credentials.username, password: credentials.password, is_active: true, is_superuser: false, is_verified: false, first_name: 'Arthur' };
const promotion: UserUpdate = { is_superuser: true };
const bodySerializer = (body: Record<string, unknown>) => new URLSearchParams(body as Record<string, string>);

export async function everyOperation(baseUrl: string, id: string): Promise<(UserRead | undefined)[]> {
  const api = createClient<paths>({ baseUrl });
  const registered = await api.POST('/auth/register', { body: registration });
  if (registered.error) throw new Error(JSON.stringify(registered.error.detail));
  const login = await api.POST('/auth/jwt/login', { body: credentials, bodySerializer });
  const headers = { authorization: `Bearer ${login.data?.access_token}` };
  await api.POST('/auth/cookie/login', { body: { ...credentials, grant_type: 'password' }, bodySerializer });
  await api.POST('/auth/request-verify-token', { body: { email: credentials.username } });
  const verified = await api.POST('/auth/verify', { body: { token: 'token' } });
  await api.POST('/auth/forgot-password', { body: { email: credentials.username } });
  await api.POST('/auth/reset-password', { body: { token: 'token', password: 'a new sword' } });
  const me = await api.GET('/users/me', { headers });
  const changed = await api.PATCH('/users/me', { body: { first_name: null, password: 'a new sword' }, headers });
  const params = { path: { id } };
  const read = await api.GET('/users/{id}', { params, headers });
  await api.PATCH('/users/{id}', { params, body: promotion, headers });
  const blocked = await api.PATCH('/users/{id}', { params, body: { is_active: false }, headers });
  await api.DELETE('/users/{id}', { params, headers });
  await api.POST('/auth/jwt/logout', { headers });
  await api.POST('/auth/cookie/logout');
  const start = await api.GET('/auth/github/authorize', { params: { query: { scopes: ['user:email'] } } });
  await api.GET('/auth/github/callback', { params: { query: { code: 'code', state: start.data?.authorization_url ?? null } } });
  await api.GET('/auth/associate/github/authorize', { headers });
  const linked = await api.GET('/auth/associate/github/callback', { params: { query: { code: 'code', state: 'state' } }, headers });
  const names = linked.data?.oauth_accounts?.map((account) => account.oauth_name);
  if (names?.includes('github') && me.data?.is_superuser && !me.data.first_name) console.log(me.data.id, me.data.email);
  return [registered, verified, me, changed, read, blocked, linked].map((response) => response.data);
}
