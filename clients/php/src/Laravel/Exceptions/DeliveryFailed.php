<?php

declare(strict_types=1);

namespace Cognate\Laravel\Exceptions;

/** It cannot be written now; it comes again. */
final class DeliveryFailed extends DeliveryRefused
{
}
