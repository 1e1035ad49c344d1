<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/** The key may not do this; `metadata` says what it lacks. */
final class PermissionDenied extends CognateException
{
}
