//! What a signal must not cut in two.

/// Does something that SIGINT and SIGTERM end only once it is done: then the process ends as it would have.
#[cfg(unix)]
pub(super) fn uninterrupted<T>(act: impl FnOnce() -> T) -> T {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use signal_hook::{
        consts::{SIGINT, SIGTERM},
        flag, low_level,
    };

    let came: Vec<_> = [SIGINT, SIGTERM]
        .into_iter()
        .map(|signal| (signal, Arc::new(AtomicBool::new(false))))
        .collect();
    let registered: Vec<_> = came
        .iter()
        .filter_map(|(signal, flag)| flag::register(*signal, Arc::clone(flag)).ok())
        .collect();
    let done = act();
    for id in registered {
        low_level::unregister(id);
    }
    for (signal, flag) in came {
        if flag.load(Ordering::SeqCst) {
            let _ = low_level::emulate_default_handler(signal);
        }
    }
    done
}

#[cfg(not(unix))]
pub(super) fn uninterrupted<T>(act: impl FnOnce() -> T) -> T {
    act()
}
