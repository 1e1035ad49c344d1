<?php

declare(strict_types=1);

namespace Cognate\Laravel\Exceptions;

/** Only a person can tell what is to become of it. */
final class DeliveryConflict extends DeliveryRefused
{
}
