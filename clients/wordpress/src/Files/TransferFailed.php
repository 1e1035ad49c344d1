<?php

declare(strict_types=1);

namespace Cognate\WordPress\Files;

/** Bytes that did not travel this time. */
final class TransferFailed extends \RuntimeException
{
}
