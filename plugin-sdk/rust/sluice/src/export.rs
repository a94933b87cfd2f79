//! How a plugin becomes the one symbol that the server looks for.

use crate::sys::*;
use crate::*;
use std::marker::PhantomData;
use std::os::raw::{c_char, c_int, c_void};

/// `on_cancel`, if the plugin has it.
pub(crate) type Cancel =
    Option<unsafe extern "C" fn(*mut sl_instance, sl_ticket, *mut c_void, c_int)>;

/// Gives what an old instance knows to a function, in one call.
pub type Save = unsafe extern "C" fn(
    *mut c_void,
    *mut c_void,
    unsafe extern "C" fn(*mut c_void, *const u8, usize),
);

/// What `create` has to know of the plugin's type and cannot find out in generic code.
pub trait Dynamic: 'static {
    #[allow(missing_docs)]
    const ON_CANCEL: Option<unsafe extern "C" fn(*mut sl_instance, sl_ticket, *mut c_void, c_int)>;
    #[allow(missing_docs)]
    const SAVE: Option<Save>;
}

/// Finds out which hooks a type has. `Probe::<T>::ON_OPEN` is its own constant if T has the trait, and
/// that of `Absent` if not.
pub struct Probe<P>(PhantomData<P>);

macro_rules! hooks {
    ($($constant:ident $has:ident $hook:ident ($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// The hooks that a type does not have.
        #[allow(missing_docs)]
        pub trait Absent {
            $(const $constant: Option<unsafe extern "C" fn($($argument),*) $(-> $result)?> = None;)*
        }

        impl<P> Absent for Probe<P> {}

        $(#[allow(missing_docs)]
        impl<P: $has> Probe<P> {
            pub const $constant: Option<unsafe extern "C" fn($($argument),*) $(-> $result)?> =
                Some(crate::hooks::$hook::<P>);
        })*
    };
}

hooks! {
    ON_CONNECT OnConnect on_connect (*mut sl_instance, *mut sl_client, *mut sl_request) -> c_int;
    ON_OPEN OnOpen on_open (*mut sl_instance, *mut sl_client);
    ON_MESSAGE OnMessage on_message (*mut sl_instance, *mut sl_client, *const sl_message) -> c_int;
    ON_CLOSE OnClose on_close (*mut sl_instance, *mut sl_client, *const sl_close);
    ON_TIMER OnTimer on_timer (*mut sl_instance, u64, u64);
    ON_RELOAD OnReload on_reload (*mut sl_instance) -> c_int;
    ON_RECHECK OnRecheck on_recheck (*mut sl_instance, *mut sl_client) -> c_int;
    ON_SUBSCRIBE OnSubscribe on_subscribe
        (*mut sl_instance, *mut sl_client, *const c_char, usize) -> c_int;
    ON_PUBLISH OnPublish on_publish
        (*mut sl_instance, *mut sl_client, *const c_char, usize, *const sl_message) -> c_int;
    ON_CANCEL OnCancel on_cancel (*mut sl_instance, sl_ticket, *mut c_void, c_int);
    ON_HANDOVER OnHandover on_handover (*mut sl_instance, *const sl_handover);
    ON_EVENT OnEvent on_event (*mut sl_instance, *mut sl_client, *const sl_event);
    SAVE OnHandover save
        (*mut c_void, *mut c_void, unsafe extern "C" fn(*mut c_void, *const u8, usize));
}

/// Exports a plugin: its type, what the server calls it, and its options.
///
/// ```ignore
/// sluice::plugin! {
///     Greeter,
///     name: "greeter",
///     version: env!("CARGO_PKG_VERSION"),
///     summary: "Greets whoever comes",
///     license: "MIT",
///     options: [
///         {"limit": Integer, default: 100, minimum: 1, maximum: 1000000,
///          summary: "How many messages of a client pass"},
///         {"tone": Choice, choices: ["kind", "rude"], default: "kind", summary: "How it greets"},
///         {"token": Secret, required: true, summary: "What the service asks for"},
///     ],
/// }
/// ```
///
/// The types are those of [`OptionType`]. `default` is written as in YAML, `minimum` and `maximum` are in
/// the unit that is read (nanoseconds, bytes, a text's length), and `credential: true` says that the
/// option names a header, cookie or parameter that recordings leave out.
#[macro_export]
macro_rules! plugin {
    (
        $plugin:ty,
        name: $name:expr,
        version: $version:expr,
        summary: $summary:expr,
        license: $license:expr
        $(, options: [$({$option:literal : $type:ident $(, $key:ident : $value:tt)* $(,)?}),* $(,)?])?
        $(,)?
    ) => {
        #[doc(hidden)]
        #[no_mangle]
        #[allow(non_upper_case_globals)]
        pub static sluice_plugin: $crate::sys::sl_plugin = {
            #[allow(unused_imports)]
            use $crate::private::{Absent as _, Probe};

            struct Found;

            impl $crate::private::Dynamic for Found {
                const ON_CANCEL: ::std::option::Option<
                    unsafe extern "C" fn(
                        *mut $crate::sys::sl_instance,
                        $crate::sys::sl_ticket,
                        *mut ::std::os::raw::c_void,
                        ::std::os::raw::c_int,
                    ),
                > = Probe::<$plugin>::ON_CANCEL;
                const SAVE: ::std::option::Option<
                    unsafe extern "C" fn(
                        *mut ::std::os::raw::c_void,
                        *mut ::std::os::raw::c_void,
                        unsafe extern "C" fn(*mut ::std::os::raw::c_void, *const u8, usize),
                    ),
                > = Probe::<$plugin>::SAVE;
            }

            const OPTIONS: &[$crate::private::OptionRow] = &[$($({
                #[allow(unused_mut)]
                let mut row = $crate::private::OptionRow::new(
                    ::std::concat!($option, "\0"),
                    $crate::OptionType::$type,
                );
                $($crate::plugin!(@set row $key $value);)*
                row
            }),*)?];

            $crate::sys::sl_plugin {
                magic: $crate::sys::SL_MAGIC,
                abi_major: $crate::sys::SL_ABI_MAJOR,
                abi_minor: $crate::sys::SL_ABI_MINOR,
                struct_size: ::std::mem::size_of::<$crate::sys::sl_plugin>() as u32,
                flags: 0,
                name: ::std::concat!($name, "\0").as_ptr() as *const _,
                version: ::std::concat!($version, "\0").as_ptr() as *const _,
                summary: ::std::concat!($summary, "\0").as_ptr() as *const _,
                license: ::std::concat!($license, "\0").as_ptr() as *const _,
                options: OPTIONS.as_ptr() as *const _,
                options_count: OPTIONS.len() as u32,
                option_size: ::std::mem::size_of::<$crate::sys::sl_option>() as u32,
                instance_size: $crate::private::instance_size::<$plugin>(),
                client_size: $crate::private::client_size::<$plugin>(),
                create: ::std::option::Option::Some($crate::private::create::<$plugin, Found>),
                destroy: ::std::option::Option::Some($crate::private::destroy::<$plugin>),
                on_connect: Probe::<$plugin>::ON_CONNECT,
                on_open: Probe::<$plugin>::ON_OPEN,
                on_message: Probe::<$plugin>::ON_MESSAGE,
                on_close: Probe::<$plugin>::ON_CLOSE,
                on_timer: Probe::<$plugin>::ON_TIMER,
                on_reload: Probe::<$plugin>::ON_RELOAD,
                on_recheck: Probe::<$plugin>::ON_RECHECK,
                on_subscribe: Probe::<$plugin>::ON_SUBSCRIBE,
                on_publish: Probe::<$plugin>::ON_PUBLISH,
                on_handover: Probe::<$plugin>::ON_HANDOVER,
                client_free: $crate::private::client_free::<$plugin>(),
                on_event: Probe::<$plugin>::ON_EVENT,
            }
        };
    };

    (@set $row:ident default $value:expr) => {
        $row.0.default_value = ::std::concat!($value, "\0").as_ptr() as *const _;
    };
    (@set $row:ident minimum $value:expr) => { $row.0.minimum = $value as f64; };
    (@set $row:ident maximum $value:expr) => { $row.0.maximum = $value as f64; };
    (@set $row:ident summary $value:expr) => {
        $row.0.summary = ::std::concat!($value, "\0").as_ptr() as *const _;
    };
    (@set $row:ident required true) => { $row.0.flags |= $crate::sys::SL_OPTION_REQUIRED; };
    (@set $row:ident credential true) => { $row.0.flags |= $crate::sys::SL_OPTION_CREDENTIAL; };
    (@set $row:ident choices [$($choice:literal),* $(,)?]) => {
        const CHOICES: &[$crate::private::Text] = &[
            $($crate::private::Text::new(::std::concat!($choice, "\0")),)*
            $crate::private::Text::none(),
        ];
        $row.0.choices = CHOICES.as_ptr() as *const _;
    };
}
