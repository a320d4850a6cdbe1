"""Whether roles reach a new table by IAM, as those of the crawler and of the reports do, or need grants of Lake Formation."""

from botocore.exceptions import ClientError

from .findings import note, ok

BY_IAM = "IAM_ALLOWED_PRINCIPALS"


def examine(lake_formation):
    try:
        settings = lake_formation.get_data_lake_settings()["DataLakeSettings"]
    except ClientError as error:
        return [note(f"the settings of Lake Formation could not be looked at: {error.response['Error']['Code']}")]
    defaults = (settings.get("CreateDatabaseDefaultPermissions", []), settings.get("CreateTableDefaultPermissions", []))
    if all(any(grants_all(grant) for grant in grants) for grants in defaults):
        return [ok("Lake Formation leaves new databases and tables to IAM")]
    return [note(
        f"Lake Formation of this account leaves new databases or tables to its own grants, not to IAM: after the first deployment grant database and tables "
        f"of the stack to {BY_IAM} (aws lakeformation grant-permissions), or what they need to the roles of crawler and report; "
        "else no folder is registered and every report fails"
    )]


def grants_all(grant):
    return grant["Principal"].get("DataLakePrincipalIdentifier") == BY_IAM and "ALL" in grant["Permissions"]
