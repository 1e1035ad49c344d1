<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/** The key is missing, unknown, revoked or expired: put another one in its place. */
final class Unauthenticated extends CognateException
{
}
