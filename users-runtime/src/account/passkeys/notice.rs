//! Notifying the owner of an account of a change of a passkey.

use crate::{
    domain::Passkey,
    port::{HookCall, PasskeyChange, PasskeyChangeKind, RequestContext},
    service::Users,
    user::AuthUser,
};

impl<U: AuthUser> Users<U> {
    /// Notifies the owner after the response, as often as mails of this kind to one account are allowed.
    pub(crate) async fn notify_passkey_change(
        &self,
        user: &U,
        passkey: &Passkey<U::Id>,
        kind: PasskeyChangeKind,
        cx: &RequestContext,
    ) {
        let change = PasskeyChange {
            kind,
            id: passkey.id.clone(),
            name: passkey.name.clone(),
            device: cx.device(),
            at: self.now(),
        };
        let user = user.clone();
        self.after_response_or_log("on_after_passkey_change", cx, move |users, cx, drawn| {
            let (user, change) = (user.clone(), change.clone());
            Box::pin(async move {
                let counted = match change.kind {
                    PasskeyChangeKind::Added => "passkey-added",
                    PasskeyChangeKind::Removed => "passkey-removed",
                    PasskeyChangeKind::PerhapsCopied => "passkey-copied",
                };
                if !users.may_notify(counted, user.account().email, drawn).await {
                    return Ok(());
                }
                users.run_hook(HookCall::PasskeyChanged(&user, &change), cx).await
            })
        })
        .await;
    }
}
