<?php

declare(strict_types=1);

namespace Cognate\Laravel\Exceptions;

/** A model, or the configuration, does not say what it must. */
final class InvalidDefinition extends \LogicException
{
}
