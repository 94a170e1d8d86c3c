//! The little HTML a person sees who uses the provider by hand.

/// The page where a device's code is typed.
pub(super) fn device(user_code: &str) -> String {
    page(
        "Log a device in",
        &format!(
            "<form method=post action=/approve>\
             <label>Code <input name=user_code value=\"{}\" autofocus></label> \
             <label>E-mail <input name=email value=\"admin@example.com\"></label> \
             <button>Log in</button> <button name=deny value=true>Deny</button></form>",
            escape(user_code)
        ),
    )
}

/// The page a browser is sent to.
pub(super) fn login(request: &str) -> String {
    page(
        "Log in",
        &format!(
            "<form method=post action=/approve><input type=hidden name=user_code value=\"{}\">\
             <label>E-mail <input name=email value=\"admin@example.com\" autofocus></label> \
             <button>Log in</button> <button name=deny value=true>Deny</button></form>",
            escape(request)
        ),
    )
}

/// A sentence.
pub(super) fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>\
         <body style=\"font-family: sans-serif; margin: 4em\"><h1>{title}</h1>{body}\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
