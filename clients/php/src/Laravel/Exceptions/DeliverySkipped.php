<?php

declare(strict_types=1);

namespace Cognate\Laravel\Exceptions;

/** It is done, and nothing is written. */
final class DeliverySkipped extends DeliveryRefused
{
}
