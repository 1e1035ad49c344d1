<?php

declare(strict_types=1);

namespace Cognate\Client\Exception;

/** The call was called off. */
final class Cancelled extends CognateException
{
}
