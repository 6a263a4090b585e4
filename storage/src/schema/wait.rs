//! Waiting for a future on a thread, as long as somebody wants what it comes to.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::task::Wake;
use std::task::Waker;
use std::thread;
use std::thread::Thread;

/// Waits on this thread for `future`: for one whose work is done where it is polled, and which
/// waits at most for another writer.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// Somebody waits while this lives.
pub(super) struct Waiter(Arc<AtomicBool>);

/// Whether somebody still waits.
#[derive(Clone)]
pub(super) struct Wanted(Arc<AtomicBool>);

thread_local! {
    /// Who waits for the work of this thread, where it is known.
    static WANTED: RefCell<Option<Wanted>> = const { RefCell::new(None) };
}

impl Waiter {
    pub(super) fn new() -> (Self, Wanted) {
        let waits = Arc::new(AtomicBool::new(true));
        (Self(Arc::clone(&waits)), Wanted(waits))
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl Wanted {
    fn is_wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// [`block_on`], but `future` gets no further than its next read when nobody waits any more: `None`
/// then.
pub(super) fn block_on_while<T>(wanted: Wanted, future: impl Future<Output = T>) -> Option<T> {
    WANTED.set(Some(wanted.clone()));
    let _known = OnDrop(|| WANTED.set(None));
    let mut future = pin!(future);
    block_on(poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if wanted.is_wanted() => Poll::Pending,
        Poll::Pending => Poll::Ready(None),
    }))
}

/// Goes on at once while somebody waits for the work of this thread, and otherwise not at all. A
/// read does this before it asks the engine, so that work ends between two reads once its deadline
/// has passed or its caller has hung up.
pub(super) async fn while_wanted() {
    let is_wanted = || WANTED.with_borrow(|wanted| wanted.as_ref().is_none_or(Wanted::is_wanted));
    poll_fn(|_| match is_wanted() {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
