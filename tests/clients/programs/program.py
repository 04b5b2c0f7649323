"""Every operation of fastapi-users as its clients call them, by a client of openapi-python-client."""

from accounts_client import AuthenticatedClient, Client
from accounts_client.api.auth import (
    auth_cookie_login_auth_cookie_login_post as cookie_login,
    auth_cookie_logout_auth_cookie_logout_post as cookie_logout,
    auth_jwt_login_auth_jwt_login_post as login,
    auth_jwt_logout_auth_jwt_logout_post as logout,
    oauth_associate_github_authorize_auth_associate_github_authorize_get as associate_authorize,
    oauth_associate_github_callback_auth_associate_github_callback_get as associate_callback,
    oauth_github_jwt_authorize_auth_github_authorize_get as authorize,
    oauth_github_jwt_callback_auth_github_callback_get as callback,
    register_register_auth_register_post as register,
    reset_forgot_password_auth_forgot_password_post as forgot_password,
    reset_reset_password_auth_reset_password_post as reset_password,
    verify_request_token_auth_request_verify_token_post as request_verify_token,
    verify_verify_auth_verify_post as verify,
)
from accounts_client.api.users import (
    users_current_user_users_me_get as me,
    users_delete_user_users_id_delete as delete_user,
    users_patch_current_user_users_me_patch as update_me,
    users_patch_user_users_id_patch as update_user,
    users_user_users_id_get as get_user,
)
from accounts_client.models import (
    BearerResponse,
    BodyAuthCookieLoginAuthCookieLoginPost,
    BodyAuthJwtLoginAuthJwtLoginPost,
    BodyResetForgotPasswordAuthForgotPasswordPost,
    BodyResetResetPasswordAuthResetPasswordPost,
    BodyVerifyRequestTokenAuthRequestVerifyTokenPost,
    BodyVerifyVerifyAuthVerifyPost,
    OAuth2AuthorizeResponse,
    UserCreate,
    UserRead,
    UserUpdate,
)

EMAIL, PASSWORD = "king.arthur@camelot.bt", "a long sword of steel"


def every_operation(url: str, id: str) -> list[UserRead]:
    anyone = Client(base_url=url)
    user = UserCreate(email=EMAIL, password=PASSWORD, is_active=True, is_superuser=False, is_verified=False, first_name="Arthur")
    registered = register.sync(client=anyone, body=user)
    assert isinstance(registered, UserRead)
    answer = login.sync(client=anyone, body=BodyAuthJwtLoginAuthJwtLoginPost(username=EMAIL, password=PASSWORD, grant_type="password"))
    assert isinstance(answer, BearerResponse)
    client = AuthenticatedClient(base_url=url, token=answer.access_token)
    cookie_login.sync_detailed(client=anyone, body=BodyAuthCookieLoginAuthCookieLoginPost(username=EMAIL, password=PASSWORD))
    request_verify_token.sync_detailed(client=anyone, body=BodyVerifyRequestTokenAuthRequestVerifyTokenPost(email=EMAIL))
    verify.sync_detailed(client=anyone, body=BodyVerifyVerifyAuthVerifyPost(token="token"))
    forgot_password.sync_detailed(client=anyone, body=BodyResetForgotPasswordAuthForgotPasswordPost(email=EMAIL))
    reset_password.sync_detailed(client=anyone, body=BodyResetResetPasswordAuthResetPasswordPost(token="token", password=PASSWORD))
    own = me.sync(client=client)
    assert isinstance(own, UserRead)
    print(own.id, own.email, own.is_superuser, own.first_name)
    update_me.sync_detailed(client=client, body=UserUpdate(first_name=None, password="a new sword"))
    other = get_user.sync(id, client=client)
    update_user.sync_detailed(id, client=client, body=UserUpdate(is_superuser=True))
    delete_user.sync_detailed(id, client=client)
    logout.sync_detailed(client=client)
    cookie_logout.sync_detailed(client=client)
    start = authorize.sync(client=anyone, scopes=["user:email"])
    assert isinstance(start, OAuth2AuthorizeResponse)
    callback.sync_detailed(client=anyone, code="code", state=start.authorization_url)
    associate_authorize.sync_detailed(client=client)
    linked = associate_callback.sync(client=client, code="code", state="state")
    return [user for user in (registered, own, other, linked) if isinstance(user, UserRead)]
