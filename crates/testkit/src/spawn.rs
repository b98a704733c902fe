//! Children that cannot outlive this process, without `unsafe`.
//!
//! The kernel's parent-death signal (`PR_SET_PDEATHSIG`, prctl(2)) fires when the *thread* that started the child ends, and a test's thread ends with
//! the test. So one thread that lives as long as the process starts them all, through `setpriv` from util-linux, which sets the signal.

use std::{
    ffi::OsStr,
    io,
    process::{Child, Command},
    sync::{LazyLock, mpsc},
    thread,
};

struct Order {
    command: Command,
    answer: mpsc::Sender<io::Result<Child>>,
}

static SPAWNER: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
    let (orders, incoming) = mpsc::channel::<Order>();
    thread::Builder::new()
        .name("testkit-spawner".to_owned())
        .spawn(move || {
            for mut order in incoming {
                // Who ordered may have given up waiting; the child is then killed on drop of nothing, hence the check.
                if let Err(mpsc::SendError(Ok(mut orphan))) = order.answer.send(order.command.spawn()) {
                    drop(orphan.kill());
                    drop(orphan.wait());
                }
            }
        })
        .expect("a test machine can start one more thread");
    orders
});

/// A command that runs `program` so that the kernel kills it when the [`spawn`]ing process dies.
pub(crate) fn tied(program: &OsStr) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// Starts a command made by [`tied`] from the thread that lives as long as the process.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    let (answer, reply) = mpsc::channel();
    SPAWNER.send(Order { command, answer }).map_err(|_| io::Error::other("the spawning thread is gone"))?;
    reply.recv().map_err(|_| io::Error::other("the spawning thread is gone"))?
}
