"""A day's work with python-libjuju, unmodified, as a service account."""

import asyncio
import io
import json
import logging

import websockets.asyncio.client
from juju.client import client
from juju.client.connection import Connection
from juju.controller import Controller
from juju.errors import JujuConnectionError
from juju.model import Model
from steps import DAY, Absent, arefused, astep, check, say

CA = open(DAY["ca"]).read()
NO_MODEL = "there is no connection to the model"
NOT_OF_4 = "this library takes no controllers but those of 3.x, and says so itself"


def record():
    """Keeps every frame that the library sends, where the day says so."""
    if not DAY.get("record"):
        return
    sends = websockets.asyncio.client.ClientConnection
    send = sends.send

    async def recording(self, message):
        with open(DAY["record"], "a") as kept:
            kept.write(json.dumps(message) + "\n")
        await send(self, message)

    sends.send = recording


async def connected(who, **more):
    controller = Controller()
    await controller.connect(endpoint=DAY["endpoint"], username=who["user"], password=who["password"], cacert=CA, **more)
    return controller


async def on_model(who, uuid):
    return await Connection.connect(
        endpoint=DAY["endpoint"], username=who["user"], password=who["password"], cacert=CA, uuid=uuid, retries=0
    )


async def model_of(who, uuid, **more):
    model = Model()
    await model.connect(
        endpoint=DAY["endpoint"], username=who["user"], password=who["password"], cacert=CA, uuid=uuid, **more
    )
    return model


class Day:
    def __init__(self):
        self.me, self.reader, self.cloud = DAY["service"], DAY["reading_service"], DAY["cloud"]
        # The library takes no password for a name with a domain; the broker knows whose account it is.
        self.name, self.reader_name = (f"{who['user']}@serviceaccount" for who in (self.me, self.reader))
        self.controller = self.uuid = self.model = None

    def facade(self, kind):
        return kind.from_connection(self.controller.connection())

    async def log_in(self):
        try:
            self.controller = await connected(self.me)
        except JujuConnectionError as error:
            if DAY["shape"] == "3.6" or "not supported" not in str(error):
                raise
            raise Absent(NOT_OF_4)
        identity = self.controller.connection().info["user-info"]["identity"]
        check(identity == "user-" + self.name, identity)
        person = await connected(self.reader)
        check(person.connection().info["user-info"]["identity"] == "user-" + self.reader_name, "the reader")
        await person.disconnect()

    async def clouds(self):
        clouds = await self.controller.clouds()
        check("cloud-" + self.cloud in clouds.clouds, clouds.clouds)
        found = await self.controller.cloud(self.cloud)
        check(found.cloud.type_ == DAY["cloud_type"], found)

    async def add_credential(self):
        credential = client.CloudCredential(auth_type="userpass", attrs={"username": "u", "password": "p"})
        await self.controller.add_credential("default", credential=credential, cloud=self.cloud)

    async def credentials(self):
        pairs = [client.UserCloud(cloud_tag="cloud-" + self.cloud, user_tag="user-" + self.name)]
        told = await self.facade(client.CloudFacade).UserCredentials(user_clouds=pairs)
        tags = told.results[0].result
        check(tags == [f"cloudcred-{self.cloud}_{self.name}_default"], tags)

    async def add_models(self):
        manager = self.facade(client.ModelManagerFacade)
        for name in ["shop", "branch"]:
            made = await manager.CreateModel(
                name=name,
                owner_tag="user-" + self.name,
                cloud_tag="cloud-" + self.cloud,
                credential=f"cloudcred-{self.cloud}_{self.name}_default",
                config={"authorized-keys": "ssh-ed25519 AAAA somebody"},
            )
            check(made.name == name and made.uuid, made)
        self.uuid = (await self.controller.model_uuids())["shop"]

    async def models(self):
        names = await self.controller.list_models()
        check(sorted(names) == ["branch", "shop"], names)
        manager = self.facade(client.ModelManagerFacade)
        summaries = await manager.ListModelSummaries(user_tag="user-" + self.name, all_=True)
        check(any(one.result.name == "shop" for one in summaries.results), summaries.serialize())

    async def show_model(self):
        info = await self.controller.get_model_info(model_uuid=self.uuid)
        check(info.name == "shop" and info.owner_tag == "user-" + self.name, info.serialize())

    async def connect(self):
        self.model = await model_of(self.me, self.uuid)
        check(self.model.name == "shop", self.model.name)

    async def status(self):
        connection = await on_model(self.me, self.uuid)
        try:
            status = await client.ClientFacade.from_connection(connection).FullStatus(patterns=None)
            check(status.model.name == "shop", status.model)
        finally:
            await connection.close()
        if self.model:
            status = await self.model.get_status()
            check(status.model.name == "shop", status.model)

    async def model_config(self):
        connection = await on_model(self.me, self.uuid)
        try:
            facade = client.ModelConfigFacade.from_connection(connection)
            await facade.ModelSet(config={"update-status-hook-interval": "10m"})
            config = await facade.ModelGet()
            check(config.config["update-status-hook-interval"].value == "10m", config.config)
        finally:
            await connection.close()

    async def deploy(self):
        if self.model is None:
            raise AssertionError(NO_MODEL)
        await self.model.deploy(DAY["charm"], application_name="web", num_units=1, series="noble", base="ubuntu@24.04")
        await self.model.block_until(lambda: "web/0" in self.model.units, timeout=20)

    async def config(self):
        if self.model is None:
            raise AssertionError(NO_MODEL)
        web = self.model.applications["web"]
        await web.set_config({"title": "tidy"})
        config = await web.get_config()
        check(config["title"]["value"] == "tidy", config)

    async def relate(self):
        if self.model is None:
            raise AssertionError(NO_MODEL)
        await self.model.deploy(DAY["charm"], application_name="back", num_units=1, series="noble", base="ubuntu@24.04")
        await self.model.integrate("web:web", "back:back")

    async def share(self):
        await self.controller.grant_model(self.reader_name, self.uuid, acl="read")
        person = await connected(self.reader)
        try:
            names = await person.list_models()
            check("shop" in names, names)
        finally:
            await person.disconnect()

    async def reader_writes(self):
        connection = await on_model(self.reader, self.uuid)
        try:
            facade = client.ModelConfigFacade.from_connection(connection)
            await facade.ModelSet(config={"update-status-hook-interval": "11m"})
        finally:
            await connection.close()

    async def revoke(self):
        await self.controller.revoke_model(self.reader_name, self.uuid, acl="read")
        person = await connected(self.reader)
        try:
            names = await person.list_models()
            check("shop" not in names, names)
        finally:
            await person.disconnect()

    async def offer(self):
        if self.model is None:
            raise AssertionError(NO_MODEL)
        await self.controller.create_offer(self.uuid, "web:web", offer_name="front")
        offers = await self.controller.list_offers("shop")
        check([one.offer_name for one in offers.results] == ["front"], offers.serialize())

    async def find_offers(self):
        if self.model is None:
            raise AssertionError(NO_MODEL)
        facade = self.facade(client.ApplicationOffersFacade)
        found = await facade.FindApplicationOffers(filters=[client.OfferFilter(offer_name="front")])
        check([one.offer_name for one in found.results] == ["front"], found.serialize())

    async def consume(self):
        if self.model is None:
            raise AssertionError(NO_MODEL)
        url = f"{self.name}/shop.front"
        details = await self.controller.get_consume_details(url)
        check(details.offer.offer_name == "front" and details.macaroon, details.serialize())
        branch = await model_of(self.me, (await self.controller.model_uuids())["branch"])
        try:
            await branch.consume(url, application_alias="front", controller=self.controller)
        finally:
            await branch.disconnect()

    async def remove_offer(self):
        if self.model is None:
            raise AssertionError(NO_MODEL)
        await self.controller.remove_offer(self.uuid, f"{self.name}/shop.front", force=True)
        offers = await self.controller.list_offers("shop")
        check(not offers.results, offers.serialize())

    async def debug_log(self):
        if self.model is None:
            raise AssertionError(NO_MODEL)
        told = io.StringIO()
        params = {"no_tail": True, "exclude_module": [], "include_module": [], "include": [], "level": "", "limit": 5,
                  "lines": 5, "exclude": []}
        connecting = Connection.connect(
            endpoint=DAY["endpoint"], username=self.me["user"], password=self.me["password"], cacert=CA, uuid=self.uuid,
            debug_log_conn=told, debug_log_params=params,
        )
        task = asyncio.ensure_future(connecting)
        for _ in range(200):
            if len(told.getvalue().splitlines()) >= 5:
                break
            await asyncio.sleep(0.05)
        check("machine-" in told.getvalue(), told.getvalue())
        await asyncio.wait([task], timeout=5)

    async def watch(self):
        if "ModelSummaryWatcher" not in self.controller.connection().facades:
            raise Absent("this library and this broker have no version of ModelSummaryWatcher in common")
        first = asyncio.get_running_loop().create_future()
        stop = await self.controller.watch_model_summaries(lambda one: first.done() or first.set_result(one))
        await asyncio.wait_for(first, 15)
        stop.set()

    async def destroy(self):
        for name in ["branch", "shop"]:
            await self.controller.destroy_models((await self.controller.model_uuids())[name], destroy_storage=True)
        for _ in range(200):
            names = await self.controller.list_models()
            if not names:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"still there: {names}")


async def main():
    logging.getLogger("juju").setLevel(logging.CRITICAL)
    record()
    day = Day()
    await astep("log in", day.log_in())
    if day.controller is None and DAY["shape"] != "3.6":
        for command in DAY["commands"][1:]:
            say(command, "absent", NOT_OF_4)
        return
    await arefused("log in with a wrong secret", connected({"user": day.me["user"], "password": "wrong"}),
                   "does not support login")
    await astep("clouds", day.clouds())
    await astep("add a credential", day.add_credential())
    await astep("credentials", day.credentials())
    await astep("add models", day.add_models())
    await astep("list models", day.models())
    await astep("show a model", day.show_model())
    await astep("connect to a model", day.connect())
    await astep("status", day.status())
    await astep("model config", day.model_config())
    await astep("deploy a local charm", day.deploy())
    await astep("configure an application", day.config())
    await astep("relate applications", day.relate())
    await astep("grant a reader", day.share())
    await arefused("a reader writes", day.reader_writes(), "permission denied")
    await astep("revoke", day.revoke())
    await astep("offer", day.offer())
    await astep("find offers", day.find_offers())
    await astep("consume", day.consume())
    await astep("remove an offer", day.remove_offer())
    await astep("debug log", day.debug_log())
    await astep("watch summaries", day.watch())
    if day.model:
        await day.model.disconnect()
    await astep("destroy models", day.destroy())
    await arefused("a model that is gone", on_model(day.me, day.uuid), "model not found")
    if day.controller:
        await day.controller.disconnect()


asyncio.run(asyncio.wait_for(main(), DAY["longest"]))
