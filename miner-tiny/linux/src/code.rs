//! Memory for fresh code: one page, mapped twice where the kernel can.
//!
//! The page is never writable and executable at once. A patch is stored through the second mapping, so that
//! nothing but the stores happens: no system call, no change of protection, by which a kernel would
//! synchronise caches and a translator would learn of them.

use crate::files::{remove, Descriptor};
use crate::kernel::call;
use crate::memory::{Mapping, EXECUTABLE, WRITABLE};
use crate::time::sleep_ms;
use crate::Errno;
use core::ptr::{self, NonNull};
use linux_raw_sys::general as linux;
use probe_arch::platform::Platform;

/// Names for a file of one page where the kernel has no nameless ones (Linux before 3.17), memory first. A
/// folder that is mounted without execution serves no code and is passed over.
const FILES: [&str; 2] = ["/dev/shm/verdigris-code", "/tmp/verdigris-code"];

/// A nameless file in memory.
fn memory_file() -> Option<Descriptor> {
    let name = c"verdigris".as_ptr();
    // SAFETY: reads a text that ends in a zero byte.
    let file = unsafe { call!(linux::__NR_memfd_create, name, linux::MFD_CLOEXEC) };
    Descriptor::of(file).ok()
}

/// A new file in a folder, whose name is gone already. `None` also where there is a file of that name: two
/// programs that start at once need not both have an alias.
fn unlinked_file(name: &str) -> Option<Descriptor> {
    let flags = linux::O_RDWR | linux::O_CREAT | linux::O_EXCL | linux::O_NOFOLLOW;
    let file = Descriptor::open(name, flags, 0o600).ok()?;
    remove(name).ok()?;
    Some(file)
}

/// The page.
#[derive(Debug)]
struct Page {
    /// Where it runs: executable, or for the moment of an installation writable, never both.
    code: Mapping,
    /// The same memory at another address: writable, never executable. `None` where there is no such thing.
    alias: Option<Mapping>,
}

impl Page {
    fn new(bytes: usize) -> Result<Self, Errno> {
        memory_file()
            .and_then(|file| Page::shared(&file, bytes))
            .or_else(|| {
                FILES
                    .iter()
                    .find_map(|name| Page::shared(&unlinked_file(name)?, bytes))
            })
            .map_or_else(
                || {
                    Ok(Page {
                        code: Mapping::new(bytes)?,
                        alias: None,
                    })
                },
                Ok,
            )
    }

    /// Both mappings of a new file; `None` where it cannot be mapped so, or not be executed.
    fn shared(file: &Descriptor, bytes: usize) -> Option<Self> {
        file.set_length(bytes).ok()?;
        let mut code = Mapping::of_file(file, bytes).ok()?;
        let alias = Mapping::of_file(file, bytes).ok()?;
        code.protect(EXECUTABLE).ok()?;
        Some(Page {
            code,
            alias: Some(alias),
        })
    }

    /// Writable, then executable, never both.
    fn write(&mut self, code: &[u8]) -> Result<(), Errno> {
        self.code.protect(WRITABLE)?;
        // SAFETY: the caller has seen that `code` is no longer than the page, which is writable, and to which
        // nothing but `Page` refers.
        unsafe {
            ptr::copy_nonoverlapping(code.as_ptr(), self.code.start().as_ptr(), code.len());
        }
        self.code.protect(EXECUTABLE)
    }
}

/// Linux as a [`Platform`]: a page for fresh code, mapped at its first use, and sleep.
#[derive(Debug)]
pub struct Code {
    page_bytes: usize,
    page: Option<Page>,
}

impl Code {
    /// Of pages of so many bytes.
    pub fn new(page_bytes: usize) -> Self {
        Code {
            page_bytes,
            page: None,
        }
    }
}

// SAFETY: both functions give the start of a page that holds `code`, is executable, and stays as it is until
// the next call or the drop: its alias is written by `patch` alone.
unsafe impl Platform for Code {
    fn install(&mut self, code: &[u8]) -> Option<NonNull<u8>> {
        let mut page = match self.page.take() {
            _ if code.len() > self.page_bytes => return None,
            Some(page) => page,
            None => Page::new(self.page_bytes).ok()?,
        };
        page.write(code).ok()?;
        Some(self.page.insert(page).code.start())
    }

    fn patch(&mut self, code: &[u8]) -> Option<NonNull<u8>> {
        match &self.page {
            Some(Page {
                code: there,
                alias: Some(alias),
            }) if code.len() <= alias.bytes() => {
                // SAFETY: `code` is no longer than the alias, which is writable, and to which nothing but
                // `Page` refers.
                unsafe {
                    ptr::copy_nonoverlapping(code.as_ptr(), alias.start().as_ptr(), code.len());
                }
                Some(there.start())
            }
            _ => self.install(code),
        }
    }

    fn nap(&mut self) -> bool {
        sleep_ms(1);
        true
    }

    fn page_bytes(&self) -> u32 {
        self.page_bytes as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::missing::without;
    use std::string::String;
    use std::vec;

    const PAGE: usize = 4096;

    fn there(entry: Option<NonNull<u8>>, bytes: usize) -> vec::Vec<u8> {
        // SAFETY: `Platform` vouches for readable memory of that length.
        unsafe { core::slice::from_raw_parts(entry.unwrap().as_ptr(), bytes) }.to_vec()
    }

    fn rights(address: usize) -> String {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let line = maps.lines().find(|line| {
            let (range, _) = line.split_once(' ').unwrap();
            let (start, end) = range.split_once('-').unwrap();
            let number = |text| usize::from_str_radix(text, 16).unwrap();
            (number(start)..number(end)).contains(&address)
        });
        line.unwrap().split(' ').nth(1).unwrap()[..3].into()
    }

    fn check(code: &mut Code) {
        let entry = code.install(&[1; 64]);
        assert_eq!(there(entry, 64), [1; 64]);
        assert_eq!(code.patch(&[2; 64]), entry);
        assert_eq!(there(entry, 64), [2; 64]);
        assert_eq!(code.install(&[3; 32]), entry);
        assert_eq!(code.patch(&[4; 16]), entry);
        assert_eq!(there(entry, 17)[15..], [4, 3]);
        assert_eq!(rights(entry.unwrap().as_ptr().addr()), "r-x");
        if let Some(alias) = &code.page.as_ref().unwrap().alias {
            assert_eq!(rights(alias.start().as_ptr().addr()), "rw-");
        }
        let long = vec![0; PAGE + 1];
        assert_eq!((code.patch(&long), code.install(&long)), (None, None));
    }

    #[test]
    fn a_patch_lies_where_the_code_was() {
        let mut code = Code::new(PAGE);
        check(&mut code);
        code.install(&[0]);
        assert!(code.page.unwrap().alias.is_some());
    }

    #[test]
    fn a_file_in_a_folder_serves_where_the_kernel_has_no_nameless_ones() {
        without(&[linux::__NR_memfd_create], || check(&mut Code::new(PAGE)));
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("code");
        let name = name.to_str().unwrap();
        let file = unlinked_file(name).unwrap();
        assert!(!std::fs::exists(name).unwrap());
        let code = Page::shared(&file, PAGE).unwrap();
        assert!(code.alias.is_some());
        // A file that somebody else has put there is left alone.
        std::fs::write(name, b"theirs").unwrap();
        assert!(unlinked_file(name).is_none());
        assert_eq!(std::fs::read(name).unwrap(), b"theirs");
    }

    #[test]
    fn without_an_alias_a_patch_is_an_installation() {
        check(&mut Code {
            page_bytes: PAGE,
            page: Some(Page {
                code: Mapping::new(PAGE).unwrap(),
                alias: None,
            }),
        });
    }
}
