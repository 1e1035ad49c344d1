<?php

declare(strict_types=1);

namespace Cognate\Laravel\Exceptions;

/** The same content will never be taken. */
final class DeliveryRejected extends DeliveryRefused
{
}
