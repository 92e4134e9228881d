//! Headless Chromium, driven over the DevTools protocol (<https://chromedevtools.github.io/devtools-protocol/>).
//!
//! `--remote-debugging-pipe` speaks it over the descriptors 3 and 4, each message a JSON text that ends in a zero
//! byte: no port that others could reach, and nothing but `serde_json` is needed.

use serde_json::{json, Value};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{channel, Receiver};
use std::time::{Duration, Instant};

/// How long the browser may take for one thing on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two looks at a page that is expected to change.
const LOOK: Duration = Duration::from_millis(100);

/// What the browser is started with: no window, no requests of its own. Its sandbox wants rights that a test in a
/// container, as root, does not have; it shows only this test's own pages.
const OPTIONS: &str = "--headless=new --remote-debugging-pipe --no-sandbox --disable-gpu --no-first-run \
     --disable-dev-shm-usage --disable-extensions --disable-background-networking --disable-sync \
     --disable-component-update --disable-default-apps --disable-domain-reliability --hide-scrollbars \
     --force-color-profile=srgb --user-data-dir=";

/// A window's width and height, CSS pixels.
pub type Size = (u32, u32);

/// A browser with one tab.
pub struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    session: String,
    next: u64,
    origin: String,
    /// What came meanwhile and nobody has looked at yet.
    events: Vec<Value>,
    /// Its profile, and what it puts into the folder for temporary files and leaves there when it is killed.
    _own: tempfile::TempDir,
}

impl Browser {
    /// Starts it. It may ask nobody but `origin`: see [`Browser::faults`].
    pub fn start(origin: &str) -> Self {
        let own = tempfile::tempdir().unwrap();
        let [profile, temporary] = ["profile", "tmp"].map(|name| own.path().join(name));
        std::fs::create_dir(&temporary).unwrap();
        let line = format!("exec chromium {OPTIONS}'{}' 3<&0 4>&1", profile.display());
        let mut child = Command::new("/bin/sh")
            .args(["-c", &format!("{line} </dev/null >/dev/null 2>/dev/null")])
            .env("TMPDIR", &temporary)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let to = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let (send, from) = channel();
        std::thread::spawn(move || loop {
            let mut message = Vec::new();
            match answers.read_until(0, &mut message) {
                Ok(length) if length > 0 => {}
                _ => return,
            }
            message.pop();
            if send
                .send(serde_json::from_slice(&message).unwrap())
                .is_err()
            {
                return;
            }
        });
        let mut browser = Browser {
            child,
            to,
            from,
            session: String::new(),
            next: 0,
            origin: origin.into(),
            events: Vec::new(),
            _own: own,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let tab = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", tab);
        browser.session = attached["sessionId"].as_str().unwrap().into();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    fn receive(&mut self, until: Instant) -> Option<Value> {
        let left = until.saturating_duration_since(Instant::now());
        match self.from.recv_timeout(left) {
            Ok(message) => Some(message),
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => None,
            Err(_) => {
                panic!("chromium does not run; Debian has it in the package chromium (./dev pages)")
            }
        }
    }

    /// Asks for a method of the protocol, and gives its result.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut message = json!({"id": id, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = self.session.as_str().into();
        }
        let mut text = message.to_string().into_bytes();
        text.push(0);
        // Where this fails, the answer does not come either, and what is missing is said there.
        let _ = self.to.write_all(&text);
        let until = Instant::now() + PATIENCE;
        while let Some(message) = self.receive(until) {
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.events.push(message);
        }
        panic!("{method} was not answered");
    }

    /// Does what leads to another page, and waits until that is loaded.
    fn travel(&mut self, leave: impl FnOnce(&mut Self)) {
        let loads = |browser: &Self| {
            let loaded = |event: &&Value| event["method"] == "Page.loadEventFired";
            browser.events.iter().filter(loaded).count()
        };
        let before = loads(self);
        leave(self);
        let until = Instant::now() + PATIENCE;
        while loads(self) == before {
            let event = self.receive(until);
            self.events.push(event.expect("a page that is loaded"));
        }
    }

    /// Opens a page of the origin.
    pub fn open(&mut self, path: &str) {
        let url = format!("{}{path}", self.origin);
        self.travel(|browser| {
            let gone = browser.call("Page.navigate", json!({"url": url}));
            assert!(gone["errorText"].is_null(), "{url}: {gone}");
        });
    }

    /// The page's path with its query, without the part after `#`.
    pub fn path(&mut self) -> String {
        let path = self.evaluate("location.pathname + location.search");
        path.as_str().unwrap().to_owned()
    }

    /// What an expression, also a promise, gives in the page. Asked from outside: the page's policy on scripts does
    /// not speak of it.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let got = self.call("Runtime.evaluate", asked);
        assert!(
            got["exceptionDetails"].is_null(),
            "{expression:.200}: {got}"
        );
        got["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub fn wait_for(&mut self, expression: &str) {
        let until = Instant::now() + PATIENCE;
        while self.evaluate(expression) != true {
            assert!(Instant::now() < until, "never true: {expression}");
            std::thread::sleep(LOOK);
        }
    }

    /// Moves the mouse onto the middle of the first box of an element, and presses.
    fn press_on(&mut self, selector: &str) {
        let quoted = Value::from(selector);
        let middle = self.evaluate(&format!(
            "(() => {{ const e = document.querySelector({quoted});
                e.scrollIntoView({{block: 'center', behavior: 'instant'}});
                const box = e.getClientRects()[0];
                return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": middle[0], "y": middle[1], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Clicks on something of the page.
    pub fn click(&mut self, selector: &str) {
        self.press_on(selector);
    }

    /// Clicks on something that leads to another page.
    pub fn follow(&mut self, selector: &str) {
        self.travel(|browser| browser.press_on(selector));
    }

    /// Drags from one place of an element to another; both as shares of its width.
    pub fn drag(&mut self, selector: &str, from: f64, to: f64) {
        let quoted = Value::from(selector);
        let found = self.evaluate(&format!(
            "(() => {{ const e = document.querySelector({quoted});
                e.scrollIntoView({{block: 'center', behavior: 'instant'}});
                const box = e.getBoundingClientRect();
                return [box.x, box.width, box.y + box.height / 2]; }})()"
        ));
        let number = |n: usize| found[n].to_string().parse::<f64>().unwrap();
        let at = |share: f64| number(0) + number(1) * share;
        for (kind, x) in [
            ("mousePressed", at(from)),
            ("mouseMoved", at(to)),
            ("mouseReleased", at(to)),
        ] {
            let event = json!({"type": kind, "x": x, "y": number(2), "button": "left", "buttons": 1, "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Types a text where the focus is.
    pub fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text}));
    }

    /// Presses a key: its name, its number on Windows, what it writes.
    fn key(&mut self, (name, number, text): (&str, u32, &str)) {
        let down = json!({"type": "keyDown", "key": name, "code": name, "windowsVirtualKeyCode": number, "text": text});
        self.call("Input.dispatchKeyEvent", down);
        let up =
            json!({"type": "keyUp", "key": name, "code": name, "windowsVirtualKeyCode": number});
        self.call("Input.dispatchKeyEvent", up);
    }

    /// Presses the tabulator.
    pub fn tab(&mut self) {
        self.key(("Tab", 9, ""));
    }

    /// Presses Enter where that leads to another page.
    pub fn enter(&mut self) {
        self.travel(|browser| browser.key(("Enter", 13, "\r")));
    }

    /// Sets the window, and whether its owner wants dark pages.
    pub fn dress(&mut self, (width, height): Size, dark: bool) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        self.call("Emulation.setDeviceMetricsOverride", size);
        let value = if dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": value}]);
        self.call(
            "Emulation.setEmulatedMedia",
            json!({"media": "", "features": features}),
        );
    }

    /// Shows the page as it would be on paper.
    pub fn on_paper(&mut self) {
        self.call(
            "Emulation.setEmulatedMedia",
            json!({"media": "print", "features": []}),
        );
    }

    /// Whether pages' scripts run.
    pub fn scripts(&mut self, run: bool) {
        self.call(
            "Emulation.setScriptExecutionDisabled",
            json!({"value": !run}),
        );
    }

    /// The page printed, as base64 of a PDF file.
    pub fn print(&mut self) -> String {
        let printed = self.call("Page.printToPDF", json!({"preferCSSPageSize": true}));
        printed["data"].as_str().unwrap().to_owned()
    }

    /// The whole page as base64 of a PNG file.
    pub fn picture(&mut self) -> String {
        let taken = self.call(
            "Page.captureScreenshot",
            json!({"captureBeyondViewport": true}),
        );
        taken["data"].as_str().unwrap().to_owned()
    }

    /// What the browser had to complain about since the last call: on its console (violations of the policy are told
    /// there), requests to others, answers that are no success.
    pub fn faults(&mut self) -> Vec<String> {
        // All that happened before is told before the answer.
        self.evaluate("0");
        let origin = self.origin.clone();
        let events = std::mem::take(&mut self.events);
        let fault = |event: &Value| {
            let params = &event["params"];
            match event["method"].as_str()? {
                "Log.entryAdded" => Some(params["entry"].to_string()),
                "Runtime.exceptionThrown" | "Runtime.consoleAPICalled" => Some(params.to_string()),
                "Network.loadingFailed" if params["canceled"] != true => Some(params.to_string()),
                "Network.requestWillBeSent" => {
                    let url = params["request"]["url"].as_str()?;
                    let ours = url
                        .strip_prefix(&origin)
                        .is_some_and(|path| path.starts_with('/'));
                    (!ours).then(|| format!("a request to {url}"))
                }
                "Network.responseReceived" => {
                    let status = params["response"]["status"].as_i64()?;
                    (status >= 400).then(|| params["response"].to_string())
                }
                _ => None,
            }
        };
        events.iter().filter_map(fault).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
