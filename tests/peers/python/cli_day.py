"""A day's work with the real `juju` client, by itself or driven by jubilant (`PEERS` says so), logged in by its store."""

import json
import os
import pathlib
import shutil
import subprocess

from steps import DAY, Absent, check, failed, refused, say, step, until

ME, CTL = DAY["admin"]["user"], DAY["controller"]


def juju(*args, store=DAY["store"], program=DAY["juju"]):
    """The client itself; what it prints."""
    env = {**os.environ, "JUJU_DATA": store}
    run = subprocess.run([program, *args], capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL,
                         timeout=DAY["longest"])
    if run.returncode:
        error = RuntimeError(f"{args[0]}: exit {run.returncode}")
        error.stderr = run.stderr + run.stdout
        raise error
    return run.stdout


class Plain:
    """The commands as somebody types them."""

    def clouds(self):
        return juju("clouds", "-c", CTL)

    def add_credential(self):
        juju("add-credential", DAY["cloud"], "-f", self.credential_file(), "-c", CTL)

    def credential_file(self):
        file = pathlib.Path(DAY["store"], "credential.yaml")
        if DAY["cloud_type"] == "lxd":
            # Any certificate: nobody connects with it.
            pem = pathlib.Path(DAY["certificate"]).read_text()
            credential = {"auth-type": "certificate", "client-cert": pem, "client-key": pem, "server-cert": pem}
        else:
            credential = {"auth-type": "empty"}
        file.write_text(json.dumps({"credentials": {DAY["cloud"]: {"default": credential}}}))
        return str(file)

    def add_model(self, name):
        juju("add-model", name, "--no-switch", "-c", CTL)

    def show_model(self):
        return json.loads(juju("show-model", "shop", "--format", "json"))["shop"]["model-uuid"]

    def status(self):
        return json.loads(juju("status", "-m", "shop", "--format", "json"))["model"]["name"]

    def applications(self):
        return set(json.loads(juju("status", "-m", "shop", "--format", "json"))["applications"])

    def live(self):
        """Waits until both units are up."""
        def active():
            told = json.loads(juju("status", "-m", "shop", "--format", "json"))["applications"]
            units = [unit for app in told.values() for unit in app.get("units", {}).values()]
            return len(units) == 2 and all(unit["workload-status"]["current"] == "active" for unit in units)
        until(active, "the units are not active")

    def model_config(self):
        juju("model-config", "-m", "shop", "update-status-hook-interval=10m")
        return juju("model-config", "-m", "shop", "update-status-hook-interval").strip()

    def deploy(self, name):
        juju("deploy", "-m", "shop", DAY["charm"], name, "--base", "ubuntu@24.04")

    def config(self):
        juju("config", "-m", "shop", "web", "title=tidy")
        return juju("config", "-m", "shop", "web", "title").strip()

    def relate(self):
        juju("integrate", "-m", "shop", "web:web", "back:back")

    def offer(self):
        juju("offer", "shop.web:web", "front", "-c", CTL)

    def consume(self):
        juju("consume", "-m", "branch", f"{ME}/shop.front", "front")

    def debug_log(self):
        return juju("debug-log", "-m", "shop", "--replay", "--no-tail")

    def destroy(self, name):
        juju("destroy-model", f"{CTL}:{name}", "--no-prompt", "--destroy-storage")


class Jubilant(Plain):
    """The same by jubilant's methods, where it has one."""

    def __init__(self):
        import jubilant

        self.all_active = jubilant.all_active
        os.environ["JUJU_DATA"] = DAY["store"]
        self.shop = jubilant.Juju(cli_binary=DAY["juju"], wait_timeout=DAY["patience"])
        self.branch = jubilant.Juju(cli_binary=DAY["juju"], wait_timeout=DAY["patience"])

    def clouds(self):
        return self.shop.cli("clouds", "-c", CTL, include_model=False)

    def add_credential(self):
        self.shop.add_credential(DAY["cloud"], self.credential_file(), controller=CTL)

    def add_model(self, name):
        getattr(self, name).add_model(name, controller=CTL)

    def show_model(self):
        return self.shop.show_model().model_uuid

    def status(self):
        return self.shop.status().model.name

    def applications(self):
        return set(self.shop.wait(lambda status: "web" in status.apps, delay=0.1, successes=1).apps)

    def live(self):
        self.shop.wait(lambda status: self.all_active(status, "web", "back"), delay=0.2, successes=1)

    def model_config(self):
        self.shop.model_config({"update-status-hook-interval": "10m"})
        return self.shop.model_config()["update-status-hook-interval"]

    def deploy(self, name):
        self.shop.deploy(DAY["charm"], name, base="ubuntu@24.04")

    def config(self):
        self.shop.config("web", {"title": "tidy"})
        return self.shop.config("web")["title"]

    def relate(self):
        self.shop.integrate("web:web", "back:back")

    def offer(self):
        self.shop.offer("shop.web", controller=CTL, endpoint="web", name="front")

    def consume(self):
        self.branch.consume("shop.front", "front", owner=ME)

    def debug_log(self):
        # More than the last lines: those may be of other units for as long as nothing happens.
        return self.shop.debug_log(limit=1000)

    def destroy(self, name):
        getattr(self, name).destroy_model(f"{CTL}:{name}", destroy_storage=True)


def models(store=DAY["store"]):
    listed = json.loads(juju("models", "-c", CTL, "--format", "json", store=store))
    return sorted(one["short-name"] for one in listed["models"])


def asked_anew():
    """With a token that is not good any more the client begins a login at a browser; nobody is there."""
    env = {**os.environ, "JUJU_DATA": DAY["wrong_store"]}
    with subprocess.Popen([DAY["juju"], "models", "-c", CTL], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, env=env) as run:
        line = run.stderr.readline()
        run.kill()
    raise RuntimeError(line)


def add_credential(client):
    """Where the client cannot write one for this type of cloud, the one of the controllers' generation does it."""
    try:
        client.add_credential()
    except Exception as error:
        if "no registered provider" not in f"{getattr(error, 'stderr', '')}" or not DAY["newer_juju"]:
            raise
        store = shutil.copytree(DAY["store"], DAY["store"] + "-newer")
        juju("add-credential", DAY["cloud"], "-f", client.credential_file(), "-c", CTL, store=store,
             program=DAY["newer_juju"])
        raise Absent(f"it knows no clouds of type {DAY['cloud_type']}, and juju {DAY['shape']} adds the credential for it")


def main(client):
    step("log in", lambda: check(ME in juju("show-controller", CTL), "show-controller"))
    refused("log in with a wrong secret", asked_anew, "enter code")
    step("clouds", lambda: check(DAY["cloud"] in client.clouds(), "clouds"))
    step("add a credential", lambda: add_credential(client))
    step("credentials", lambda: check("default" in juju("credentials", "-c", CTL), "credentials"))
    step("add models", lambda: [client.add_model(name) for name in ("shop", "branch")])
    step("list models", lambda: check(models() == ["branch", "shop"], models()))
    step("show a model", client.show_model)
    step("connect to a model", lambda: juju("switch", f"{CTL}:{ME}/shop"))
    step("status", lambda: check(client.status() == "shop", "status"))
    step("model config", lambda: check(client.model_config() == "10m", "model-config"))
    step("deploy a local charm", lambda: [client.deploy("web"), client.deploy("back"),
                                          check("web" in client.applications(), "applications"),
                                          DAY["machines"] and client.live()])
    step("configure an application", lambda: check(client.config() == "tidy", "config"))
    step("relate applications", client.relate)
    reader = DAY["reader"]["user"]
    step("grant a reader", lambda: [juju("grant", "-c", CTL, reader, "read", "shop"),
                                    check(models(DAY["reader_store"]) == ["shop"], "the reader's models")])
    write = ["model-config", "-m", f"{CTL}:{ME}/shop", "update-status-hook-interval=11m"]
    refused("a reader writes", lambda: juju(*write, store=DAY["reader_store"]), "permission denied")
    step("revoke", lambda: [juju("revoke", "-c", CTL, reader, "read", "shop"),
                            check(models(DAY["reader_store"]) == [], "the reader's models")])
    step("offer", client.offer)
    step("find offers", lambda: check("front" in juju("find-offers", f"{CTL}:{ME}/shop"), "find-offers"))
    step("consume", client.consume)
    step("remove an offer", lambda: juju("remove-offer", f"{CTL}:{ME}/shop.front", "--force", "-y"))
    wanted = "unit-web-0:" if DAY["machines"] else "machine-"
    step("debug log", lambda: until(lambda: wanted in client.debug_log(), "debug-log"))
    say("watch summaries", "absent", "this client watches no summaries")
    step("destroy models", lambda: [client.destroy("branch"), client.destroy("shop"),
                                    check(models() == [], models())])
    refused("a model that is gone", lambda: juju("status", "-m", f"{CTL}:{ME}/shop"), "shop")


try:
    main(Jubilant() if DAY["client"] == "jubilant" else Plain())
except Exception as error:
    failed("the day itself", error)
