//! TLS to Redis (`rediss://`).

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

use axum_users::Redis;

use super::server::PrivateRedis;

/// Creates a certificate authority and a certificate for 127.0.0.1.
fn certificates(folder: &Path) {
    let make = |command: &str| {
        let arguments = command.split(' ').collect::<Vec<_>>();
        let made = Command::new("openssl").args(arguments).current_dir(folder).stderr(Stdio::null()).status();
        assert!(made.expect("the program openssl").success(), "{command}");
    };
    make("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem");
    make(
        "req -newkey rsa:2048 -nodes -subj /CN=redis -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out request.pem",
    );
    make(
        "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -copy_extensions copy -out cert.pem",
    );
}

/// The trusted authorities are those of the operating system and cannot be changed within a process, so the test restarts itself.
#[tokio::test]
async fn tls_certificates_are_verified() {
    if let Ok(port) = env::var("TEST_REDIS_TLS_PORT") {
        Redis::new(&format!("rediss://127.0.0.1:{port}")).unwrap().ping().await.unwrap();
        let other_name = Redis::new(&format!("rediss://localhost:{port}")).unwrap().ping().await;
        assert!(other_name.is_err(), "the certificate is for 127.0.0.1");
        return;
    }
    let server = PrivateRedis::start_with(|port, folder| {
        certificates(folder);
        let file = |name: &str| folder.join(name).display().to_string();
        let (cert, key, ca) = (file("cert.pem"), file("key.pem"), file("ca.pem"));
        format!(
            "--port 0 --tls-port {port} --tls-cert-file {cert} --tls-key-file {key} --tls-ca-cert-file {ca} --tls-auth-clients no"
        )
    });
    let Some(server) = server else { return };
    let unknown = Redis::new(&format!("rediss://127.0.0.1:{}", server.port)).unwrap().ping().await;
    assert!(unknown.is_err(), "the authority is not trusted");
    let trusting = Command::new(env::current_exe().unwrap())
        .args(["--exact", "redis::tls::tls_certificates_are_verified", "--nocapture"])
        .env("TEST_REDIS_TLS_PORT", server.port.to_string())
        .env("SSL_CERT_FILE", server.folder().join("ca.pem"))
        .status();
    assert!(trusting.unwrap().success());
}
