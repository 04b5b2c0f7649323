//! A TCP proxy in front of a database server that can drop connections.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use super::{Server, TempDatabase};

/// The point at which a connection is dropped when a given text is sent to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Before the server receives the text.
    Before,
    /// After the server received the text; its reply is lost.
    After,
}

/// Forwards connections to a server until it is stopped.
pub struct Proxy {
    port: u16,
    server: SocketAddr,
    wires: Arc<Wires>,
    listening: Mutex<Option<JoinHandle<()>>>,
}

struct Wires {
    /// One task per connection.
    connections: Mutex<JoinSet<()>>,
    trap: Mutex<Option<(Vec<u8>, Cut)>>,
}

impl Wires {
    /// Returns whether these bytes trigger the cut, which happens once.
    fn trapped(&self, bytes: &[u8]) -> Option<Cut> {
        let mut trap = self.trap.lock().unwrap_or_else(PoisonError::into_inner);
        let (text, cut) = trap.as_ref()?;
        let cut = *cut;
        if !bytes.windows(text.len()).any(|window| window == text.as_slice()) {
            return None;
        }
        *trap = None;
        Some(cut)
    }

    async fn carry(&self, mut client: TcpStream, mut server: TcpStream) {
        let ((mut from_client, mut to_client), (mut from_server, mut to_server)) = (client.split(), server.split());
        let reply_is_lost = AtomicBool::new(false);
        let there = async {
            let mut bytes = vec![0; 1 << 16];
            while let Ok(length @ 1..) = from_client.read(&mut bytes).await {
                match self.trapped(&bytes[..length]) {
                    Some(Cut::Before) => return,
                    Some(Cut::After) => reply_is_lost.store(true, Ordering::Relaxed),
                    None => {}
                }
                if to_server.write_all(&bytes[..length]).await.is_err() {
                    return;
                }
            }
        };
        let back = async {
            let mut bytes = vec![0; 1 << 16];
            while let Ok(length @ 1..) = from_server.read(&mut bytes).await {
                if reply_is_lost.load(Ordering::Relaxed) || to_client.write_all(&bytes[..length]).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = there => {}
            () = back => {}
        }
    }
}

impl Proxy {
    /// Starts a proxy in front of the server of a database.
    pub async fn before(database: &TempDatabase) -> Self {
        let wires = Arc::new(Wires { connections: Mutex::default(), trap: Mutex::new(None) });
        let (server, listening) = (database.server.address().await, Mutex::new(None));
        let mut proxy = Self { port: 0, server, wires, listening };
        proxy.port = proxy.listen(0).await;
        proxy
    }

    /// Returns the URL of the database through this proxy.
    pub fn url(&self, database: &TempDatabase) -> String {
        let url = database.url();
        let (scheme, rest) = url.split_once("://").unwrap();
        let (authority, path) = rest.split_once('/').unwrap();
        let account = authority.rsplit_once('@').map(|(account, _)| format!("{account}@")).unwrap_or_default();
        // The proxy must see plaintext statements.
        let plain = if database.server == Server::Postgres { "sslmode=disable" } else { "ssl-mode=DISABLED" };
        let and = if path.contains('?') { '&' } else { '?' };
        format!("{scheme}://{account}127.0.0.1:{}/{path}{and}{plain}", self.port)
    }

    async fn listen(&self, port: u16) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (wires, server) = (Arc::clone(&self.wires), self.server);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let carrier = Arc::clone(&wires);
                wires.connections.lock().unwrap().spawn(async move {
                    if let Ok(server) = TcpStream::connect(server).await {
                        carrier.carry(client, server).await;
                    }
                });
            }
        });
        *self.listening.lock().unwrap() = Some(task);
        port
    }

    /// Makes the server unreachable: drops connections and refuses new ones.
    pub async fn stop(&self) {
        let listening = self.listening.lock().unwrap().take();
        if let Some(task) = listening {
            task.abort();
            let _aborted = task.await;
        }
        // Waits for the tasks: none forwards another byte after this returns.
        let mut connections = std::mem::take(&mut *self.wires.connections.lock().unwrap());
        connections.shutdown().await;
    }

    /// Makes the server reachable again at the same port.
    pub async fn start(&self) {
        self.listen(self.port).await;
    }

    /// Drops the next connection that sends `text`, once.
    pub fn cut_at(&self, text: &str, cut: Cut) {
        *self.wires.trap.lock().unwrap() = Some((text.as_bytes().to_vec(), cut));
    }

    /// Returns whether the text has not been sent yet.
    pub fn is_waiting(&self) -> bool {
        self.wires.trap.lock().unwrap().is_some()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(task) = self.listening.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
        self.wires.connections.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}
