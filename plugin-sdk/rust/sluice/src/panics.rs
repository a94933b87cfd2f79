//! A panic does not cross the border to C: it is logged, and the hook has failed.

use crate::sys::sl_instance;
use crate::text::Line;
use std::cell::Cell;
use std::io::Write;
use std::os::raw::c_char;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// The instance whose code runs on this thread, so that a panic's line has its name.
    static CURRENT: Cell<*const sl_instance> = const { Cell::new(std::ptr::null()) };
}

/// Puts the instance back that was current before; hooks of two instances may be nested.
struct Current(*const sl_instance);

impl Drop for Current {
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(self.0));
    }
}

/// Runs `code` for an instance. None: it has panicked, which is in the log.
pub(crate) fn caught<R>(instance: *const sl_instance, code: impl FnOnce() -> R) -> Option<R> {
    let _before = Current(CURRENT.with(|current| current.replace(instance)));
    match panic::catch_unwind(AssertUnwindSafe(code)) {
        Ok(result) => Some(result),
        Err(payload) => {
            // What is thrown may panic itself when it is dropped; that one is left alone.
            if let Err(second) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                std::mem::forget(second);
            }
            None
        }
    }
}

/// From now on panics inside hooks go into the server's log, those of the plugin's own threads to
/// standard error. The hook holds nothing, so that nothing of it is left when the file is unloaded.
pub(crate) fn report_to_log() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        panic::set_hook(Box::new(|what| {
            let instance = CURRENT.with(Cell::get);
            let payload = what.payload();
            let text = match (
                payload.downcast_ref::<&str>(),
                payload.downcast_ref::<String>(),
            ) {
                (Some(text), _) => text,
                (_, Some(text)) => text.as_str(),
                _ => "of an unknown type",
            };
            let line = match what.location() {
                Some(place) => Line::new(format_args!(
                    "panicked at {}:{}: {}",
                    place.file(),
                    place.line(),
                    text
                )),
                None => Line::new(format_args!("panicked: {}", text)),
            };
            let bytes = line.as_bytes();
            if instance.is_null() {
                // If it cannot be written nobody is told: a panic in here would end the process.
                let _ = writeln!(std::io::stderr(), "{}", String::from_utf8_lossy(bytes));
                return;
            }
            // SAFETY: `caught` is on this thread's stack, and lives while the instance does.
            unsafe {
                let log = (*(*instance).host).log;
                log(instance, 0, bytes.as_ptr() as *const c_char, bytes.len());
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::OpenOptions;
    use std::process::Command;

    const CHILD: &str = "SLUICE_PANICS_CHILD";

    /// What the child of the test below does; run by itself, nothing.
    #[test]
    fn panics_on_a_thread() {
        if std::env::var_os(CHILD).is_none() {
            return;
        }
        report_to_log();
        assert!(std::thread::spawn(|| panic!("meant")).join().is_err());
        println!("it goes on");
    }

    #[test]
    fn a_panic_that_cannot_be_told_does_not_end_the_process() {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "panics::tests::panics_on_a_thread",
                "--nocapture",
            ])
            .env(CHILD, "1")
            .stderr(full)
            .output()
            .unwrap();
        assert!(child.status.success(), "{:?}", child.status);
        assert!(String::from_utf8_lossy(&child.stdout).contains("it goes on"));
    }
}
