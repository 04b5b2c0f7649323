// Every operation of fastapi-users as its front ends call them, by a client of orval.
import * as api from './generated/orval';
import type { UserCreate, UserRead, UserUpdate } from './generated/orval';

const credentials = { username: 'king.arthur@camelot.bt', password: 'a long sword of steel' };
const registration: UserCreate = { email: credentials.username, password: credentials.password, is_active: true, is_superuser: false, is_verified: false, first_name: 'Arthur' };
const promotion: UserUpdate = { is_superuser: true };

export async function everyOperation(id: string): Promise<UserRead[]> {
  const users: UserRead[] = [];
  const registered = await api.registerRegisterAuthRegisterPost(registration);
  if (registered.status === 201) users.push(registered.data);
  else throw new Error(JSON.stringify(registered.data.detail));
  const login = await api.authJwtLoginAuthJwtLoginPost(credentials);
  if (login.status !== 200) throw new Error(JSON.stringify(login.data.detail));
  const options = { headers: { authorization: `Bearer ${login.data.access_token}` } };
  await api.authCookieLoginAuthCookieLoginPost({ ...credentials, grant_type: 'password', scope: '' });
  await api.verifyRequestTokenAuthRequestVerifyTokenPost({ email: credentials.username });
  const verified = await api.verifyVerifyAuthVerifyPost({ token: 'token' });
  if (verified.status === 200) users.push(verified.data);
  await api.resetForgotPasswordAuthForgotPasswordPost({ email: credentials.username });
  await api.resetResetPasswordAuthResetPasswordPost({ token: 'token', password: 'a new sword' });
  const me = await api.usersCurrentUserUsersMeGet(options);
  if (me.status === 200 && me.data.is_superuser && !me.data.first_name) console.log(me.data.id, me.data.email);
  const changed = await api.usersPatchCurrentUserUsersMePatch({ first_name: null, password: 'a new sword' }, options);
  if (changed.status === 200) users.push(changed.data);
  const read = await api.usersUserUsersIdGet(id, options);
  if (read.status === 200) users.push(read.data);
  await api.usersPatchUserUsersIdPatch(id, promotion, options);
  const blocked = await api.usersPatchUserUsersIdPatch(id, { is_active: false }, options);
  if (blocked.status === 200) users.push(blocked.data);
  await api.usersDeleteUserUsersIdDelete(id, options);
  await api.authJwtLogoutAuthJwtLogoutPost(options);
  await api.authCookieLogoutAuthCookieLogoutPost();
  const start = await api.oauthGithubJwtAuthorizeAuthGithubAuthorizeGet({ scopes: ['user:email'] });
  const state = start.status === 200 ? start.data.authorization_url : null;
  await api.oauthGithubJwtCallbackAuthGithubCallbackGet({ code: 'code', state });
  await api.oauthAssociateGithubAuthorizeAuthAssociateGithubAuthorizeGet(undefined, options);
  const linked = await api.oauthAssociateGithubCallbackAuthAssociateGithubCallbackGet({ code: 'code', state: 'state' }, options);
  if (linked.status === 200 && linked.data.oauth_accounts?.some((account) => account.oauth_name === 'github')) users.push(linked.data);
  return users;
}
