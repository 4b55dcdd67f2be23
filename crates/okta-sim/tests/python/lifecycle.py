"""Changes an org with Okta's own client: a person from beginning to end, a group, an app, a role. Prints what it saw as
JSON.

Needs the environment variables OKTA_SIM_URL, OKTA_SIM_TOKEN, OKTA_SIM_APP (id of an app), and SSL_CERT_FILE for the
certificate authority.
"""

import asyncio
import json
import os

from okta.client import Client
from okta.models import (
    AddGroupRequest,
    AppUserAssignRequest,
    AssignRoleToUserRequest,
    CreateUserRequest,
    OktaUserGroupProfile,
    StandardRoleAssignmentSchema,
    UpdateUserRequest,
    UserProfile,
)

seen = {"statuses": []}


async def done(call):
    """The result of a call; ends the program when it fails."""
    *result, _, error = await call
    if error is not None:
        raise SystemExit(f"{error}")
    return result[0] if result else None


async def refused(call):
    """The code of the refusal that the call has to get."""
    *_, error = await call
    if error is None:
        raise SystemExit("not refused")
    return error.error_code if hasattr(error, "error_code") else str(error)


async def look(client, user):
    seen["statuses"].append((await done(client.get_user(user))).status.value)


async def main():
    client = Client({"orgUrl": os.environ["OKTA_SIM_URL"], "token": os.environ["OKTA_SIM_TOKEN"]})
    app = os.environ["OKTA_SIM_APP"]
    profile = UserProfile(firstName="Grace", lastName="Hopper", email="grace@new.example", login="grace@new.example")
    request = CreateUserRequest(profile=profile)
    user = (await done(client.create_user(request, activate=False))).id
    seen["duplicate"] = await refused(client.create_user(request, activate=False))
    await look(client, user)
    await done(client.activate_user(user, send_email=False))
    await look(client, user)
    password = {"credentials": {"password": {"value": "Correct-Horse-7"}}, "profile": {"title": "Admiral"}}
    await done(client.update_user(user, UpdateUserRequest.from_dict(password)))
    await look(client, user)

    group = (await done(client.add_group(AddGroupRequest(profile=OktaUserGroupProfile(name="Fleet"))))).id
    await done(client.assign_user_to_group(group, user))
    seen["members"] = [member.id == user for member in await done(client.list_group_users(group))]
    await done(client.assign_group_to_application(app, group))
    seen["scope"] = (await done(client.get_application_user(app, user))).scope
    await done(client.unassign_application_from_group(app, group))
    seen["unassigned"] = await refused(client.get_application_user(app, user))
    await done(client.assign_user_to_application(app, AppUserAssignRequest(id=user, scope="USER")))
    await done(client.unassign_user_from_application(app, user))

    role = AssignRoleToUserRequest(StandardRoleAssignmentSchema(type="HELP_DESK_ADMIN"))
    await done(client.assign_role_to_user(user, role))
    roles = await done(client.list_assigned_roles_for_user(user))
    held = [role.actual_instance if hasattr(role, "actual_instance") else role for role in roles]
    seen["roles"] = [role.type for role in held]
    await done(client.unassign_role_from_user(user, held[0].id))

    await done(client.suspend_user(user))
    await look(client, user)
    await done(client.unsuspend_user(user))
    await look(client, user)
    await done(client.unassign_user_from_group(group, user))
    await done(client.delete_group(group))
    await done(client.deactivate_user(user, send_email=False))
    await look(client, user)
    await done(client.delete_user(user))
    seen["deleted"] = await refused(client.get_user(user))
    print(json.dumps(seen, default=str))


asyncio.run(main())
