<?php

declare(strict_types=1);

namespace Cognate\Laravel\Exceptions;

/** The identity that it is to be written for has no live session. */
final class DeliveryUnauthenticated extends DeliveryRefused
{
}
