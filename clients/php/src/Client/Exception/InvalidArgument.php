<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/** The request is wrong: `fieldViolations` says where. Sending it again as it is does not help. */
final class InvalidArgument extends CognateException
{
}
