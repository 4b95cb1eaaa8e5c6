"""Placement's error sentences: the only ones that a client is told.

Each is a sentence as openstack-placement 16 words it (placement/handlers, placement/util.py,
placement/lib.py, placement/exception.py), with its variable parts in braces; `rebuild.py` says
what the braces mean. Entries are tried in order, so the more exact ones come first.
"""

from __future__ import annotations

from collections.abc import Mapping

_ALLOCATION = "Unable to create allocation for '{class}' on resource provider '{provider}'. "
_INVENTORY = "Invalid inventory for '{class}' on resource provider '{provider}'. "
_QUERY = "Invalid query string parameters: "
_REQUIRED = _QUERY + "Expected 'required' parameter value of the form: "
_IN = _QUERY + "The format 'in:HW_CPU_X86_VMX,CUSTOM_MAGIC' "
_DUPLICATE = "such a record exists already, or was made at the same time."
_RESOURCES = (
    "Badly formed resources parameter. Expected resources query string parameter in form: "
    "?resources=VCPU:2,MEMORY_MB:1024. "
)

# Text of exceptions, which stands alone or as the cause at the end of a handler's sentence.
CAUSES = (
    "No resource provider with uuid {provider} found for delete",
    "No resource provider with uuid {provider} found",
    "No inventory of class {class} found for delete",
    "No inventory of class {class} found.",
    "No inventory of class {class} for {provider}",
    "No such resource class {class}.",
    "No such trait(s): {traits}.",
    "No such consumer type: {type}.",
    "Inventory for '{classes}' on resource provider '{provider}' in use.",
    "Inventory for '{classes}' on resource provider '{provider}' invalid.",
    _ALLOCATION + "The requested amount would exceed the capacity.",
    _ALLOCATION + "The requested amount would violate inventory constraints.",
    _INVENTORY + "The reserved value is greater than or equal to total.",
    _INVENTORY + "The reserved value is greater than total.",
    "Another thread concurrently updated the resource provider data. Please retry your update",
    "Another thread concurrently updated the data. Please retry your update",
    "Resource provider has allocations.",
    (
        "Object action create failed because: parent provider UUID cannot be same as UUID. "
        "Please set parent provider UUID to None if there is no parent."
    ),
    "Object action create failed because: parent provider UUID does not exist.",
    "Object action update failed because: parent provider UUID does not exist.",
    "Object action update failed because: creating loop in the provider tree is not allowed.",
    "Object action update failed because: re-parenting a provider is not currently allowed.",
    "Object action update failed because: un-parenting a provider is not currently allowed.",
    "Cannot delete standard resource class {class}.",
    "Cannot delete resource class {class}. Class is in use in inventory.",
    "Cannot delete standard trait {trait}.",
    "The trait {trait} is in use by a resource provider.",
)

SENTENCES = (
    # Protocol
    "content-type header required when content-length > 0",
    "content-length header must be an integer",
    "The method specified is not allowed for this resource.",
    "Only application/json is provided",
    "The media type None is not supported, use application/json",
    "Invalid microversion: Unacceptable version header: {version}",
    # Generations
    "consumer generation conflict - expected null but got {given}",
    "consumer generation conflict - expected {actual} but got {given}",
    (
        "resource provider generation conflict for provider {provider}: "
        "actual: {actual}, given: {given}"
    ),
    "resource provider generation conflict",
    "Resource provider's generation already changed. Please update the generation and try again.",
    "Inventory and/or allocations changed while attempting to allocate: {cause}",
    # Providers
    "No resource provider with uuid {provider} found : {cause}",
    "No resource provider with uuid {provider} found: {cause}",
    "Resource provider '{provider}' not found: {cause}",
    "Conflicting resource provider uuid: {provider}, name: {name} already exists.",
    "Conflicting resource provider name: {name}, uuid: {provider} already exists.",
    "Conflicting resource provider uuid: {provider} already exists.",
    "Conflicting resource provider name: {name} already exists.",
    "Conflicting resource provider {name} already exists.",
    'Unable to create resource provider "{name}", {provider}: {cause}',
    "Unable to save resource provider {provider}: {cause}",
    "Unable to delete resource provider {provider}: {cause}",
    "Unable to delete parent resource provider {provider}: It has child resource providers.",
    # Inventories
    "No inventory of class {class} found for delete: {cause}",
    "No inventory record with resource class for resource provider {provider}: {cause}",
    "Unable to create inventory for resource provider {provider}: {cause}",
    "Unable to update inventory for resource provider {provider}: {cause}",
    "Unable to delete inventory of class {class}: {cause}",
    (
        "Unable to delete inventory for resource provider {provider} because the inventory was "
        "updated by another process. Please retry your request."
    ),
    "Unknown resource class in inventory for resource provider {provider}: {cause}",
    (
        "Race condition detected when setting inventory. No inventory record with resource class "
        "for resource provider {provider}: {cause}"
    ),
    "update conflict: {cause}",
    "Update conflict: {cause}",
    "malformed reshaper data: {cause}",
    "Resource provider {provider} in inventories not found: {cause}",
    # Allocations
    "Malformed consumer_uuid: {consumer}",
    "No allocations for consumer '{consumer}'",
    "Allocation for resource provider '{provider}' that does not exist.",
    "Unable to allocate inventory for consumer {consumer}: {cause}",
    "Unable to allocate inventory: {cause}",
    "Unable to allocate inventory {cause}",
    # Resource classes and traits
    "Conflicting resource class already exists: {class}",
    "Resource class already exists: {class}",
    "Error in delete resource class: {cause}",
    "Cannot update standard resource class {class}",
    (
        "Max retries of DB transaction exceeded attempting to create resource class: {class}, "
        "please try again."
    ),
    "No such trait {traits}",
    (
        "The trait is invalid. A valid trait must be no longer than 255 characters, start with the "
        'prefix "CUSTOM_" and use following characters: "A"-"Z", "0"-"9" and "_"'
    ),
    (
        "Badly formatted name parameter. Expected name query string parameter in form: "
        '?name=[in|startswith]:[name1,name2|prefix]. Got: "{value}"'
    ),
    'The query parameter "associated" only accepts "true" or "false"',
    # Query strings
    "Invalid resource class in resources parameter: {cause}",
    'Invalid trait(s) in "required" parameter: {cause}',
    _RESOURCES + "Got: empty string.",
    _RESOURCES + "Got: {value}.",
    "Requested resource {class} expected positive integer amount. Got: {value}.",
    "Requested resource {class} requires amount >= 1. Got: {value}.",
    _IN + "only supported since microversion 1.39. Got: {value}",
    _IN + "does not support forbidden traits. Got: {value}",
    _REQUIRED + "in:HW_CPU_X86_VMX,CUSTOM_MAGIC. Got an empty trait in: {value}",
    _REQUIRED + "HW_CPU_X86_VMX,!CUSTOM_MAGIC. Got an empty trait in: {value}",
    _REQUIRED + "HW_CPU_X86_VMX,CUSTOM_MAGIC. Got an empty trait in: {value}",
    _REQUIRED + "HW_CPU_X86_VMX,CUSTOM_MAGIC. Got: {value}",
    _QUERY + "Expected 'member_of' parameter to contain valid UUID(s). Got: {value}",
    _QUERY + "Expected 'in_tree' parameter to be a format of uuid. Got: {value}",
    (
        "Multiple values for 'member_of' must be prefixed with the 'in:' or '!in:' keyword using "
        "the valid microversion. Got: {value}"
    ),
    "Multiple {key} parameters are not supported",
    "Forbidden {key} parameters are not supported in the specified microversion",
    "Query parameter 'root_required' may be specified only once.",
    "Conflicting required and forbidden traits found in root_required: {traits}",
    "Conflicting required and forbidden traits found in the following traits keys: {keys}",
    "Empty string (unsuffixed group) can not be specified in `same_subtree` ",
    (
        'The "group_policy" parameter is required when specifying more than one "resources{N}" '
        "parameter."
    ),
    "There must be at least one resources or resources[$S] parameter.",
    (
        "Resourceless suffixed group request should be specified in `same_subtree` query param: "
        "bad group(s) - {suffixes}."
    ),
    "Real suffixes should be specified in `same_subtree`: {suffixes} not found in {groups}.",
    (
        "All traits parameters must be associated with resources.  "
        "Found the following orphaned traits keys: {keys}"
    ),
    (
        "All member_of parameters must be associated with resources. "
        "Found the following orphaned member_of keys: {keys}"
    ),
    "All request groups must specify resources.",
    "At least one request group (`resources` or `resources{$S}`) is required.",
)

# Sentences whose private part gives way to a better sentence; tried after all others.
REPLACED: Mapping[str, str] = {
    "The media type {private} is not supported, use application/json": (
        "The media type is not supported, use application/json"
    ),
    "Malformed JSON: {private}": "Malformed JSON: the body is not one JSON document in UTF-8.",
    "Invalid microversion: invalid version string: {version}; {private}": (
        "Invalid microversion: invalid version string: {version}"
    ),
    "JSON does not validate: {private}": (
        "JSON does not validate: the body is not of the form that this operation takes."
    ),
    "Invalid query string parameters: {private}": (
        "Invalid query string parameters: they are not of the form that this operation takes."
    ),
    # The cause that remains is the database's: a duplicate entry.
    "update conflict: {private}": f"update conflict: {_DUPLICATE}",
    "Update conflict: {private}": f"Update conflict: {_DUPLICATE}",
    "Bad inventory {class} for resource provider {provider}: {private}": (
        "Bad inventory {class} for resource provider {provider}."
    ),
}
