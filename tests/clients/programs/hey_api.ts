// Every operation of fastapi-users as its front ends call them, by a client of @hey-api/openapi-ts.
import * as api from './generated/hey_api';
import type { BearerResponse, UserCreate, UserRead, UserUpdate } from './generated/hey_api';

const credentials = { username: 'king.arthur@camelot.bt', password: 'a long sword of steel' };
const registration: UserCreate = { email: credentials.username, password: credentials.password, is_active: true, is_superuser: false, is_verified: false, first_name: 'Arthur' };
const promotion: UserUpdate = { is_superuser: true };

export async function everyOperation(id: string): Promise<UserRead[]> {
  const registered = await api.registerRegisterAuthRegisterPost({ body: registration });
  if (registered.error) throw new Error(JSON.stringify(registered.error.detail));
  await api.registerRegisterAuthRegisterPost({ body: { email: 'a@camelot.bt', password: 'x' } });
  const login = await api.authJwtLoginAuthJwtLoginPost({ body: credentials });
  const token: BearerResponse | undefined = login.data;
  const headers = { authorization: `Bearer ${token?.access_token}` };
  await api.authCookieLoginAuthCookieLoginPost({ body: { ...credentials, grant_type: 'password', scope: '' } });
  await api.verifyRequestTokenAuthRequestVerifyTokenPost({ body: { email: credentials.username } });
  const verified = await api.verifyVerifyAuthVerifyPost({ body: { token: 'token' } });
  await api.resetForgotPasswordAuthForgotPasswordPost({ body: { email: credentials.username } });
  await api.resetResetPasswordAuthResetPasswordPost({ body: { token: 'token', password: 'a new sword' } });
  const me = await api.usersCurrentUserUsersMeGet({ headers });
  const changed = await api.usersPatchCurrentUserUsersMePatch({ body: { first_name: null, password: 'a new sword' }, headers });
  const read = await api.usersUserUsersIdGet({ path: { id }, headers });
  await api.usersPatchUserUsersIdPatch({ path: { id }, body: promotion, headers });
  const blocked = await api.usersPatchUserUsersIdPatch({ path: { id }, body: { is_active: false }, headers });
  await api.usersDeleteUserUsersIdDelete({ path: { id }, headers });
  await api.authJwtLogoutAuthJwtLogoutPost({ headers });
  await api.authCookieLogoutAuthCookieLogoutPost();
  const start = await api.oauthGithubJwtAuthorizeAuthGithubAuthorizeGet({ query: { scopes: ['user:email'] } });
  const url: string | undefined = start.data?.authorization_url;
  await api.oauthGithubJwtCallbackAuthGithubCallbackGet({ query: { code: 'code', state: url ?? null } });
  await api.oauthAssociateGithubAuthorizeAuthAssociateGithubAuthorizeGet({ headers });
  const linked = await api.oauthAssociateGithubCallbackAuthAssociateGithubCallbackGet({ query: { code: 'code', state: 'state' }, headers });
  const names = linked.data?.oauth_accounts?.map((account) => account.oauth_name);
  if (names?.includes('github') && me.data?.is_superuser && !me.data.first_name) console.log(me.data.id, me.data.email);
  return [registered, verified, me, changed, read, blocked, linked].flatMap((response) => (response.data ? [response.data] : []));
}
