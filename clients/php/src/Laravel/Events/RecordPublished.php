<?php

declare(strict_types=1);

namespace Cognate\Laravel\Events;

/** A platform has a record of here that it did not have before. */
final class RecordPublished extends HubEvent
{
}
